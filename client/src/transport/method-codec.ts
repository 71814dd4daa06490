import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import { encode } from './encoding';
import type { Encodable } from './encoding';
import { methods } from './transport';
import type { MethodName, RequestOf, ResponseOf } from './transport';

/** How one method's messages become bytes and back. */
export interface MethodCodec<M extends MethodName> {
  /** As in the proto. */
  readonly name: string;
  readonly path: string;
  readonly serialize: (request: RequestOf<M>) => Buffer;
  readonly deserialize: (bytes: Buffer) => ResponseOf<M>;
}

const codecs = new Map(
  Object.entries(methods).map(([key, { name, requestType, responseType }]): [string, MethodCodec<MethodName>] => {
    // Each definition fits itself; TypeScript cannot see that through a union of all of them.
    const encodable = requestType as Encodable<unknown>;
    const { decode } = responseType as { readonly decode: (bytes: Uint8Array) => unknown };
    return [
      key,
      {
        name,
        path: `/${SessionServiceDefinition.fullName}/${name}`,
        serialize: (request) => encode(encodable, request),
        deserialize: (bytes) => decode(bytes) as never,
      },
    ];
  }),
);

export function codecOf<M extends MethodName>(method: M): MethodCodec<M> {
  return codecs.get(method) as unknown as MethodCodec<M>;
}
