import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import type { RunningCall } from './call-options';

export const methods = SessionServiceDefinition.methods;

export type Methods = typeof methods;
/** Every RPC with one request and one response. */
export type MethodName = Exclude<keyof Methods, 'pipeline'>;
export type MessageOf<Type> = Type extends { decode(input: Uint8Array): infer Message } ? Message : never;
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

/** Whether the API says that a method may run twice. */
export function isIdempotent(method: MethodName): boolean {
  const options: { readonly idempotencyLevel?: string } = methods[method].options;
  return options.idempotencyLevel === 'IDEMPOTENT' || options.idempotencyLevel === 'NO_SIDE_EFFECTS';
}
