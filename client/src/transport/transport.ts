import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import type { RunningCall } from '../call-options';
import { encode } from './encoding';
import type { Encodable } from './encoding';

export const methods = SessionServiceDefinition.methods;

type Methods = typeof methods;
/** Every RPC with one request and one response. */
export type MethodName = Exclude<keyof Methods, 'pipeline'>;
type MessageOf<Type> = Type extends { decode(input: Uint8Array): infer Message } ? Message : never;
export type RequestOf<M extends MethodName> = MessageOf<Methods[M]['requestType']>;
export type ResponseOf<M extends MethodName> = MessageOf<Methods[M]['responseType']>;

/** How a call gets to the sidecar and its answer back. */
export interface Transport {
  /**
   * Makes one call and rejects with a SessionError if it fails. Settles soon after `deadline` and soon after `signal` is
   * aborted, whatever the sidecar does.
   */
  call<M extends MethodName>(method: M, request: RequestOf<M>, options: RunningCall): Promise<ResponseOf<M>>;
  /** Lets go of the connection. Calls made later are rejected with code CANCELLED. */
  close(): void;
}

/** How one method's messages become bytes and back. */
export interface Wire<M extends MethodName> {
  /** As in the proto. */
  readonly name: string;
  readonly path: string;
  readonly serialize: (request: RequestOf<M>) => Buffer;
  readonly deserialize: (bytes: Buffer) => ResponseOf<M>;
}

const wires = new Map(
  Object.entries(methods).map(([key, { name, requestType, responseType }]): [string, Wire<MethodName>] => {
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

export function wireOf<M extends MethodName>(method: M): Wire<M> {
  return wires.get(method) as unknown as Wire<M>;
}

/** Whether the API says that a method may run twice. */
export function isIdempotent(method: MethodName): boolean {
  const options: { readonly idempotencyLevel?: string } = methods[method].options;
  return options.idempotencyLevel === 'IDEMPOTENT' || options.idempotencyLevel === 'NO_SIDE_EFFECTS';
}
