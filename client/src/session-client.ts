import { reportCache } from './cache/cache-metrics';
import { assertCacheOptions } from './cache/options';
import type { CacheStatistics } from './cache/options';
import { SessionCache } from './cache/session-cache';
import { assertTransport } from './client-options';
import type { ConnectionOptions, CreateOptions, OptionalCodec, SessionClientOptions } from './client-options';
import { SessionError } from './errors/session-error';
import { resolveCodec } from './session/codec';
import type { JsonValue } from './session/json';
import { LiveSession } from './session/live-session';
import type { SessionContext } from './session/live-session';
import { replySession, replyToken } from './session/replies';
import { acquireLease, releaseLease } from './session/lease';
import type { LockOptions } from './session/lease';
import type { ISession, SessionOrigin } from './session/session';
import type { Found } from './session/stored-session';
import type { LoadedSession } from './transport/own-reply';
import { SubjectSessions } from './subject-sessions';
import { isNoToken, tokensOf } from './tokens';
import { resolveApiToken } from './transport/api-token';
import { boundedTransport } from './transport/bounded-transport';
import { assertTimeout, startCall } from './transport/call-options';
import type { CallOptions, RunningCall } from './transport/call-options';
import { assertAddress, openChannel } from './transport/channel';
import { PipelineTransport } from './transport/pipeline/pipeline-transport';
import { retryingTransport } from './transport/retrying-transport';
import { unaryTransport } from './transport/unary-transport';
import type { SessionEvent } from './watch/session-event';
import { watchSessions } from './watch/session-watch';
import type { WatchOptions } from './watch/session-watch';

/**
 * An application's connection to its session sidecar. Create one and share it between all requests. It connects at the first
 * call and reconnects automatically; the sidecar need not be running yet.
 *
 * `T` is an interface with a property for each key of a session. Any key may be absent, so reading may return `undefined` even
 * for a property that is not optional.
 */
export class SessionClient<T extends object = Record<string, JsonValue>> {
  readonly #context: SessionContext;
  readonly #cache: SessionCache | undefined;
  readonly #stopMetrics: (() => void) | undefined;
  readonly #watch: Parameters<typeof watchSessions>[0];
  readonly #closed = new AbortController();

  /**
   * @throws TypeError or RangeError for an invalid option, and the error of `node:fs` if `apiTokenFile` cannot be read. Nothing
   *   is sent yet.
   */
  constructor(options: SessionClientOptions<T>) {
    const {
      address,
      timeoutMs = 3000,
      transport: kind = 'pipeline',
      codec,
      cache,
      ...rest
    }: ConnectionOptions & OptionalCodec = options;
    assertAddress(address);
    assertTimeout(timeoutMs);
    assertTransport(kind);
    if (cache !== undefined) assertCacheOptions(cache);
    const apiToken = resolveApiToken(rest);
    const channel = openChannel(address);
    const unary = unaryTransport(channel, address, apiToken);
    const pipeline = kind === 'unary' ? undefined : new PipelineTransport(channel, address, unary, apiToken);
    const transport = boundedTransport(retryingTransport(pipeline ?? unary, apiToken), address, rest);
    const sessionCache = cache && new SessionCache(transport, pipeline, cache);
    this.#cache = sessionCache;
    this.#watch = { channel, address, apiToken, transport, timeoutMs, closed: this.#closed.signal };
    this.#stopMetrics = sessionCache && reportCache(() => sessionCache.stats, address);
    this.#context = {
      transport: this.#cache ?? transport,
      codec: resolveCodec(codec),
      timeoutMs,
    };
  }

  /**
   * Loads the session of a token, as received in the visitor's cookie. Without a token, or if its session has ended or the
   * token is not genuine, returns a new session; `origin` distinguishes these cases. Never stores anything.
   *
   * A browser may send several cookies of one name. Of an array of tokens, up to three different ones are tried in order, one
   * call each, and the first session found is returned. If none is found, `origin` describes the first token.
   *
   * Rejects with a SessionError if the sidecar or its store is unavailable: a visitor whose session cannot be read must not be
   * mistaken for a new one.
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

  /**
   * Loads the session with an id that the application has chosen, see {@link CreateOptions.id}. If no session has it, returns a
   * new one that save() creates with this id; save() rejects with VERSION_MISMATCH if another request has done so meanwhile. Never
   * stores anything. Rejects with UNIMPLEMENTED if the sidecar is older than this method.
   */
  async openById(id: string, options?: CallOptions): Promise<ISession<T>> {
    assertId(id);
    const call = startCall(options, this.#context.timeoutMs);
    try {
      const reply = await this.#context.transport.call('getSession', { token: '', id }, call);
      const token = replyToken({ token: reply.token ?? '' });
      return new LiveSession<T>(this.#context, 'found', { token, session: replySession(reply) });
    } catch (error) {
      if (!SessionError.is(error)) throw error;
      if (error.code === 'SESSION_NOT_FOUND') return new LiveSession<T>(this.#context, 'not_found', undefined, id);
      // An older sidecar sees a request without a token.
      if (error.code !== 'TOKEN_INVALID') throw error;
      throw new SessionError('UNIMPLEMENTED', 'The sidecar cannot find sessions by id.', { cause: error });
    }
  }

  /** @returns the session, or the reason it was not found */
  async #find(token: string, call: RunningCall): Promise<Found | 'not_found' | 'token_invalid'> {
    try {
      return { token, session: await this.#load(token, call) };
    } catch (error) {
      if (!SessionError.is(error)) throw error;
      if (error.code === 'SESSION_NOT_FOUND') return 'not_found';
      if (isNoToken(error)) return 'token_invalid';
      throw error;
    }
  }

  async #load(token: string, call: RunningCall): Promise<LoadedSession> {
    if (this.#cache === undefined) {
      return replySession(await this.#context.transport.call('getSession', { token }, call));
    }
    return (call.signal?.aborted ? undefined : this.#cache.find(token)) ?? this.#cache.read(token, call);
  }

  /**
   * Runs `work` while no other holder has the lease of the session, then saves what it has changed. `work` gets the session as it
   * is when the lease begins, in the same call. If `work` fails, nothing more is saved, and withLock() rejects with its error.
   *
   * The lease ends when `work` has settled, or after {@link LockOptions.lease}, so that a crash does not hold up others for longer.
   * save(), transform(), popFlash() and regenerate() of this session depend on it: if the lease has ended, they reject with
   * LEASE_LOST, and nothing is stored. It keeps out only other holders: sessions that were opened otherwise are saved as ever.
   *
   * Rejects with LEASE_HELD if another holder still has the lease after {@link LockOptions.wait}, with SESSION_NOT_FOUND or
   * TOKEN_INVALID if the token has no session, and with UNIMPLEMENTED if the sidecar is older than this method.
   */
  async withLock<Result>(
    token: string,
    work: (session: ISession<T>) => Result | Promise<Result>,
    options: LockOptions = {},
  ): Promise<Result> {
    const leased = await acquireLease(this.#context, token, options);
    const session = new LiveSession<T>(this.#context, 'found', leased);
    try {
      const result = await work(session);
      const { timeoutMs, signal, metadata } = options;
      await session.save({ timeoutMs, signal, metadata });
      return result;
    } finally {
      // Its token may have been replaced. A session that has ended has no lease.
      if (session.fence !== undefined) await releaseLease(this.#context, session.token!, session.fence, options);
    }
  }

  /**
   * Ends the session of a token without loading it, in one call; of an array, up to three. Does nothing for a token that is not
   * genuine, or whose session has ended.
   */
  async invalidate(token: string | readonly string[], options?: CallOptions): Promise<void> {
    const call = startCall(options, this.#context.timeoutMs);
    await Promise.all(tokensOf(token).map((each) => this.#invalidate(each, call)));
  }

  async #invalidate(token: string, call: RunningCall): Promise<void> {
    try {
      await this.#context.transport.call('invalidateSession', { token }, call);
    } catch (error) {
      if (!SessionError.is(error) || !isNoToken(error)) throw error;
    }
  }

  /**
   * The sessions that belong to a subject, to list or end them. Calls nothing yet.
   *
   * @param subject as given to setSubject()
   */
  forSubject(subject: string): SubjectSessions<T> {
    if (typeof subject !== 'string') throw new TypeError(`Expected \`subject\` to be a string, got ${typeof subject}`);
    return new SubjectSessions<T>(this.#context, subject);
  }

  /**
   * What the cache has done since the client was created, and what it holds; `undefined` without a `cache`. Where the application
   * has registered a meter provider of OpenTelemetry before, the same is reported to it as `session_sidecar.client.cache.*`.
   */
  get cacheStats(): CacheStatistics | undefined {
    return this.#cache?.stats;
  }

  /**
   * Reports when sessions are created, get a new token and end, in all sidecars of the deployment:
   * `for await (const event of sessions.watch())`. Nothing is sent before the first event is requested. The iterator reconnects by
   * itself and misses nothing, unless that takes longer than SESSION_SIDECAR_EVENT_RETENTION: then it rejects with CURSOR_EXPIRED.
   * After a failure, an event may be reported again. Leaving the loop ends watching.
   */
  watch(options: WatchOptions = {}): AsyncGenerator<SessionEvent, void> {
    return watchSessions(this.#watch, options);
  }

  /** Returns a new session, for a visitor who cannot have one yet. Nothing is stored until it is saved. */
  create({ id }: CreateOptions = {}): ISession<T> {
    if (id !== undefined) assertId(id);
    return new LiveSession<T>(this.#context, 'none', undefined, id);
  }

  /** Closes the connection. Calls in flight may still finish; later ones reject with CANCELLED. */
  close(): void {
    this.#stopMetrics?.();
    this.#closed.abort();
    this.#context.transport.close();
  }
}

function assertId(id: unknown): asserts id is string {
  if (typeof id !== 'string') throw new TypeError(`Expected \`id\` to be a string, got ${typeof id}`);
}
