import { assertTimeout, startCall } from './transport/call-options';
import type { CallOptions, RunningCall } from './transport/call-options';
import { resolveCodec } from './session/codec';
import type { Codec } from './session/codec';
import { SessionError } from './errors/session-error';
import type { Json, JsonObject, JsonValue } from './session/json';
import { retryingTransport } from './transport/retrying-transport';
import type { ISession, SessionOrigin } from './session/session';
import type { Found } from './session/session-calls';
import { LiveSession } from './session/live-session';
import type { SessionContext } from './session/live-session';
import { replySession } from './session/replies';
import { resolveApiToken } from './transport/api-token';
import type { ApiTokenOptions } from './transport/api-token';
import { boundedTransport } from './transport/bounded-transport';
import type { PendingLimits } from './transport/bounded-transport';
import { assertAddress, openChannel } from './transport/channel';
import { PipelineTransport } from './transport/pipeline/pipeline-transport';
import { unaryTransport } from './transport/unary-transport';

export interface ConnectionOptions extends ApiTokenOptions, PendingLimits {
  /** Where the sidecar listens: `localhost:50051` or `unix:/run/session-sidecar.sock`. */
  readonly address: string;
  /**
   * How long a call may take, in milliseconds, retries included, unless the call itself says otherwise. The sidecar sees
   * it too. Default: 3000, so that calls outlast a restart of the sidecar on a busy machine.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * `pipeline` carries all calls over one stream, which costs a fraction of `unary`, an HTTP/2 request for each call.
   * Default: `pipeline`, or `unary` where the sidecar does not know it.
   */
  readonly transport?: 'pipeline' | 'unary' | undefined;
}

/** Asks for a `codec` where the session holds values that JSON cannot hold; the keys of these are the type's argument. */
export type CodecOptions<T> = [T] extends [JsonObject<T>] ? OptionalCodec : RequiredCodec<KeysThatAreNotJson<T>>;

export interface OptionalCodec {
  /** Takes the place of JSON for all values and flash messages. Default: JSON. */
  readonly codec?: Codec | undefined;
}

export interface RequiredCodec<_KeysThatAreNotJson> {
  /** Needed because JSON cannot hold the values of these keys. Or store them in another form: a Date as a string. */
  readonly codec: Codec;
}

type KeysThatAreNotJson<T> = {
  [K in keyof T]-?: [Exclude<T[K], undefined>] extends [Json<Exclude<T[K], undefined>>] ? never : K;
}[keyof T];

export type SessionClientOptions<T extends object> = ConnectionOptions & CodecOptions<T>;

/**
 * The connection of an application to its session sidecar. Make one and keep it: it is shared by all requests, connects at
 * the first call, and connects again by itself. The sidecar need not be up yet.
 *
 * `T` says what sessions hold: an interface with a property for each key. A session that has a key is not bound to have
 * the others, so reading gives `undefined` for those even where the property is not optional.
 */
export class SessionClient<T extends object = Record<string, JsonValue>> {
  readonly #context: SessionContext;

  constructor(options: SessionClientOptions<T>) {
    const {
      address,
      timeoutMs = 3000,
      transport: kind = 'pipeline',
      codec,
      ...rest
    }: ConnectionOptions & OptionalCodec = options;
    assertAddress(address);
    assertTimeout(timeoutMs);
    assertTransport(kind);
    const apiToken = resolveApiToken(rest);
    const channel = openChannel(address);
    const unary = unaryTransport(channel, address, apiToken);
    const transport = kind === 'unary' ? unary : new PipelineTransport(channel, address, unary, apiToken);
    this.#context = {
      transport: boundedTransport(retryingTransport(transport, apiToken), address, rest),
      codec: resolveCodec(codec),
      timeoutMs,
    };
  }

  /**
   * Loads the session of a token, as it came in the visitor's cookie. Without a token, and with one whose session has
   * ended or that is not genuine, gives a new session; its `origin` says which. Never stores anything.
   *
   * A browser may send several cookies of one name. Given all of their tokens, it tries the first three that differ, one after
   * another, and gives the first session that is found; `origin` is otherwise about the first token.
   *
   * Rejects when the sidecar or its store cannot answer: a visitor whose session cannot be read is not a new visitor.
   */
  async open(token?: string | readonly string[], options?: CallOptions): Promise<ISession<T>> {
    const tokens = tokensOf(token);
    if (tokens.length === 0) return this.create();
    const call = startCall(options, this.#context.timeoutMs);
    let first: SessionOrigin | undefined;
    for (const each of tokens) {
      const found = await this.#find(each, call);
      if (typeof found !== 'string') return new LiveSession<T>(this.#context, 'found', found);
      first ??= found;
    }
    return new LiveSession<T>(this.#context, first!);
  }

  /** @returns the session, or why it was not found */
  async #find(token: string, call: RunningCall): Promise<Found | 'not_found' | 'token_invalid'> {
    try {
      return { token, session: replySession(await this.#context.transport.call('getSession', { token }, call)) };
    } catch (error) {
      if (!SessionError.is(error)) throw error;
      if (error.code === 'SESSION_NOT_FOUND') return 'not_found';
      // The token is the request's only field, so it is what a refusal of the request is about.
      if (error.code === 'TOKEN_INVALID' || error.code === 'INVALID_ARGUMENT') return 'token_invalid';
      throw error;
    }
  }

  /** Gives a new session, for a visitor who cannot have one yet. Nothing is stored before its save(). */
  create(): ISession<T> {
    return new LiveSession<T>(this.#context, 'none');
  }

  /** Closes the connection. Calls in flight may still finish; later ones are rejected with code CANCELLED. */
  close(): void {
    this.#context.transport.close();
  }
}

/** Each costs a call. */
const maxTokens = 3;

function tokensOf(token: unknown): readonly string[] {
  const tokens: readonly unknown[] = Array.isArray(token) ? token : [token ?? ''];
  for (const each of tokens) {
    if (typeof each !== 'string') {
      throw new TypeError(`Expected \`token\` to be a string, an array of strings or undefined, got ${typeof each}`);
    }
  }
  return [...new Set(tokens as readonly string[])].filter((each) => each !== '').slice(0, maxTokens);
}

function assertTransport(kind: unknown): void {
  if (kind === 'pipeline' || kind === 'unary') return;
  throw new TypeError(`Expected \`transport\` to be pipeline or unary, got \`${String(kind)}\` (${typeof kind})`);
}
