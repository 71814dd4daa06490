export { SessionClient } from './session-client';
export type {
  CodecOptions,
  ConnectionOptions,
  CreateOptions,
  OptionalCodec,
  RequiredCodec,
  SessionClientOptions,
} from './client-options';
export type {
  InvalidateAllOptions,
  ListOptions,
  PageOptions,
  SessionOrToken,
  SubjectPage,
  SubjectSession,
  SubjectSessions,
} from './subject-sessions';
export type { CacheOptions, CacheStatistics } from './cache/options';
export type { LockOptions } from './session/lease';
export type {
  FlashOptions,
  ISession,
  RegenerateOptions,
  SaveOptions,
  SessionOrigin,
  SessionState,
} from './session/session';
export type { CallOptions } from './transport/call-options';
export { SessionError } from './errors/session-error';
export type { FieldViolation, SessionErrorCode, SessionErrorDetails } from './errors/session-error';
export type { SessionEvent } from './watch/session-event';
export type { WatchOptions } from './watch/session-watch';
export type { Codec } from './session/codec';
export type { Json, JsonObject, JsonValue } from './session/json';
