import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import { MessageEncoder } from './message-encoder';
import type { Encodable } from './message-encoder';
import { ownReply } from './own-reply';
import type { OwnReply } from './own-reply';
import { methods } from './transport';
import type { MessageOf, MethodName, Methods } from './transport';

/** How the messages of one method become bytes and back. */
export interface MethodCodec<M extends keyof Methods> {
  readonly path: string;
  readonly serialize: (request: MessageOf<Methods[M]['requestType']>) => Buffer;
  /** The message shares no memory with the bytes, except a frame, whose replies do. */
  readonly deserialize: (bytes: Buffer) => OwnReply<MessageOf<Methods[M]['responseType']>>;
}

const encoder = new MessageEncoder();

function makeCodec<M extends keyof Methods>({ name, requestType, responseType }: Methods[M]): MethodCodec<M> {
  // Each definition fits itself; TypeScript cannot see that through a union of all of them.
  const encodable = requestType as Encodable<unknown>;
  const { decode } = responseType as { readonly decode: (bytes: Uint8Array) => object };
  return {
    path: `/${SessionServiceDefinition.fullName}/${name}`,
    serialize: (request) => encoder.encode(encodable, request),
    deserialize: (bytes) => ownReply(decode(bytes)) as never,
  };
}

export const pipelineCodec = makeCodec<'pipeline'>(methods.pipeline);

export const watchCodec = makeCodec<'watchSessions'>(methods.watchSessions);

const codecs = new Map(Object.entries(methods).map(([key, method]) => [key, makeCodec(method)]));

export function codecOf<M extends MethodName>(method: M): MethodCodec<M> {
  return codecs.get(method) as unknown as MethodCodec<M>;
}
