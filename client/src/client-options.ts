import type { CacheOptions } from './cache/options';
import type { Codec } from './session/codec';
import type { Json, JsonObject } from './session/json';
import type { ApiTokenOptions } from './transport/api-token';
import type { PendingLimits } from './transport/bounded-transport';

export interface ConnectionOptions extends ApiTokenOptions, PendingLimits {
  /** Where the sidecar listens: `localhost:50051` or `unix:/run/session-sidecar.sock`. */
  readonly address: string;
  /**
   * The time limit of a call, retries included, in milliseconds; `timeoutMs` of a call overrides it. The sidecar
   * knows it and stops working on an expired call. Default: 3000, which outlasts a restart of the sidecar on a busy machine.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * `pipeline` sends all calls over one stream, at a fraction of the cost of `unary`, one HTTP/2 request per call.
   * Default: `pipeline`, with a fallback to `unary` for sidecars that do not support it.
   */
  readonly transport?: 'pipeline' | 'unary' | undefined;
  /**
   * Keeps sessions in the application's memory, so that opening one again costs no call while the sidecar reports changes, and
   * a small one otherwise. A change elsewhere is seen within milliseconds as a rule, and within a second whatever fails. Own
   * changes are seen at once. Default: no session is kept.
   */
  readonly cache?: CacheOptions | undefined;
}

/** Requires a `codec` if JSON cannot hold some values of the session; the type's argument names their keys. */
export type CodecOptions<T> = [T] extends [JsonObject<T>] ? OptionalCodec : RequiredCodec<KeysThatAreNotJson<T>>;

export interface OptionalCodec {
  /** Encodes and decodes all values and flash messages. Default: JSON. */
  readonly codec?: Codec | undefined;
}

export interface RequiredCodec<_KeysThatAreNotJson> {
  /** Required because JSON cannot hold the values of these keys. Alternatively, store them as JSON values: a Date as a string. */
  readonly codec: Codec;
}

export interface CreateOptions {
  /**
   * Makes `openById()` find the session by an id of the application's own, so that it need not keep the token:
   * 1 to 256 bytes of UTF-8 without control characters. The id is as secret as a token and must be unguessable, but has no
   * signature: never take one from a browser without verifying that the application has issued it. save() rejects with
   * VERSION_MISMATCH if there is a session with this id. invalidate() frees the id; regenerate() keeps it from finding the session.
   * Default: the session has a token only.
   */
  readonly id?: string | undefined;
}

type KeysThatAreNotJson<T> = {
  [K in keyof T]-?: [Exclude<T[K], undefined>] extends [Json<Exclude<T[K], undefined>>] ? never : K;
}[keyof T];

export type SessionClientOptions<T extends object> = ConnectionOptions & CodecOptions<T>;

export function assertTransport(kind: unknown): void {
  if (kind === 'pipeline' || kind === 'unary') return;
  throw new TypeError(`Expected \`transport\` to be pipeline or unary, got \`${String(kind)}\` (${typeof kind})`);
}
