export { SessionClient } from './session-client';
export type {
  CodecOptions,
  ConnectionOptions,
  OptionalCodec,
  RequiredCodec,
  SessionClientOptions,
} from './session-client';
export type { FlashOptions, ISession, SessionOrigin, SessionState } from './session';
export type { CallOptions } from './call-options';
export { SessionError } from './errors';
export type { FieldViolation, SessionErrorCode, SessionErrorDetails } from './errors';
export type { Codec } from './codec';
export type { Json, JsonObject, JsonValue } from './json';
