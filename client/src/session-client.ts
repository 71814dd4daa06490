import { assertTimeout, startCall } from './call-options';
import type { CallOptions } from './call-options';
import { resolveCodec } from './codec';
import type { Codec } from './codec';
import { SessionError } from './errors';
import type { Json, JsonObject, JsonValue } from './json';
import { retrying } from './retry';
import type { ISession } from './session';
import { SessionObject } from './session-object';
import type { SessionContext } from './session-object';
import { assertAddress, openChannel } from './transport/channel';
import { PipelineTransport } from './transport/pipeline';
import { unaryTransport } from './transport/unary';

export interface ConnectionOptions {
  /** Where the sidecar listens: `localhost:50051` or `unix:/run/session-sidecar.sock`. */
  readonly address: string;
  /**
   * How long a call may take, in milliseconds, retries included, unless the call itself says otherwise. The sidecar sees
   * it too. Default: 1000.
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
      timeoutMs = 1000,
      transport: kind = 'pipeline',
      codec,
    }: ConnectionOptions & OptionalCodec = options;
    assertAddress(address);
    assertTimeout(timeoutMs);
    assertTransport(kind);
    const channel = openChannel(address);
    const unary = unaryTransport(channel, address);
    const transport = kind === 'unary' ? unary : new PipelineTransport(channel, address, unary);
    this.#context = { transport: retrying(transport), codec: resolveCodec(codec), timeoutMs };
  }

  /**
   * Loads the session of a token, as it came in the visitor's cookie. Without a token, and with one whose session has
   * ended or that is not genuine, gives a new session; its `origin` says which. Never stores anything.
   *
   * Rejects when the sidecar or its store cannot answer: a visitor whose session cannot be read is not a new visitor.
   */
  async open(token?: string, options?: CallOptions): Promise<ISession<T>> {
    const { transport, timeoutMs } = this.#context;
    if (token !== undefined && typeof token !== 'string') {
      throw new TypeError(`Expected \`token\` to be a string or undefined, got ${typeof token}`);
    }
    if (!token) return this.create();
    try {
      const { session } = await transport.call('getSession', { token }, startCall(options, timeoutMs));
      return new SessionObject<T>(this.#context, 'found', { token, session: session! });
    } catch (error) {
      if (!SessionError.is(error)) throw error;
      if (error.code === 'SESSION_NOT_FOUND') return new SessionObject<T>(this.#context, 'not_found');
      // The token is the request's only field, so it is what a refusal of the request is about.
      if (error.code === 'TOKEN_INVALID' || error.code === 'INVALID_ARGUMENT') {
        return new SessionObject<T>(this.#context, 'token_invalid');
      }
      throw error;
    }
  }

  /** Gives a new session, for a visitor who cannot have one yet. Nothing is stored before its save(). */
  create(): ISession<T> {
    return new SessionObject<T>(this.#context, 'none');
  }

  /** Closes the connection. Calls in flight may still finish; later ones are rejected with code CANCELLED. */
  close(): void {
    this.#context.transport.close();
  }
}

function assertTransport(kind: unknown): void {
  if (kind === 'pipeline' || kind === 'unary') return;
  throw new TypeError(`Expected \`transport\` to be pipeline or unary, got \`${String(kind)}\` (${typeof kind})`);
}
