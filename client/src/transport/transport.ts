import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import type { RunningCall } from './call-options';
import type { OwnReply } from './own-reply';

export const methods = SessionServiceDefinition.methods;

export type Methods = typeof methods;
/** Every unary RPC. */
export type MethodName = Exclude<keyof Methods, 'pipeline' | 'watchSessions'>;
export type MessageOf<Type> = Type extends { decode(input: Uint8Array): infer Message } ? Message : never;
export type RequestOf<M extends MethodName> = MessageOf<Methods[M]['requestType']>;
export type ResponseOf<M extends MethodName> = OwnReply<MessageOf<Methods[M]['responseType']>>;

/** Makes calls to the sidecar. */
export interface Transport {
  /**
   * Makes one call. Rejects with a SessionError if it fails. Settles soon after `deadline`, or after `signal` is aborted,
   * whatever the sidecar does.
   */
  call<M extends MethodName>(method: M, request: RequestOf<M>, options: RunningCall): Promise<ResponseOf<M>>;
  /** Closes the connection. Later calls reject with CANCELLED. */
  close(): void;
}

/** Whether the API allows a method to run twice: `idempotency_level` in the proto. */
export function isIdempotent(method: MethodName): boolean {
  const options: { readonly idempotencyLevel?: string } = methods[method].options;
  return options.idempotencyLevel === 'IDEMPOTENT' || options.idempotencyLevel === 'NO_SIDE_EFFECTS';
}
