import { SessionError } from '../errors/session-error';
import { replyNotModified, replySession } from '../session/replies';
import type { OnDecoded } from '../session/kept-value';
import type { RunningCall } from '../transport/call-options';
import type { LoadedSession } from '../transport/own-reply';
import type { ChangeListener, ChangeReport, ChangeSource } from '../transport/pipeline/change-listener';
import type { MethodName, RequestOf, ResponseOf, Transport } from '../transport/transport';
import { CallsInFlight } from './calls-in-flight';
import type { AskedCall } from './calls-in-flight';
import { GenerationalMap } from './generational-map';
import { confirmed, outranks, received, updated } from './kept-session';
import type { Entry } from './kept-session';
import { Liveness } from './liveness';
import type { CacheOptions, CacheStatistics } from './options';

/** What changes a session or ends it. */
const changing = new Set<MethodName>([
  'updateSession',
  'regenerateSession',
  'invalidateSession',
  'pushFlash',
  'popFlash',
  'newCsrfToken',
]);

/** How many of its first characters a token shares with the handle of its session. */
const sharedLength = 21;

/**
 * A transport that keeps the sessions that were read, with two levels of freshness: while the stream reports every change, a
 * session is opened from memory (live); otherwise the sidecar is asked whether it has changed (validated). Without a source of
 * changes, sessions are only validated. docs/decisions/0039-client-cache.md says why nothing outdated is opened.
 */
export class SessionCache implements Transport, ChangeListener {
  readonly #inner: Transport;
  readonly #liveness: Liveness | undefined;
  /** By what tokens and handles have in common. */
  readonly #entries: GenerationalMap<Entry>;
  readonly #calls = new CallsInFlight();
  readonly #counts = { live: 0, validated: 0, missed: 0, reported: 0 };

  constructor(inner: Transport, source: ChangeSource | undefined, { maxBytes }: CacheOptions) {
    this.#inner = inner;
    this.#entries = new GenerationalMap(maxBytes);
    this.#liveness = source && new Liveness(source);
    source?.listen(this);
  }

  get stats(): CacheStatistics {
    return { ...this.#counts, sessions: this.#entries.size, bytes: this.#entries.bytes };
  }

  /** A session that need not be asked for. */
  find(token: string): LoadedSession | undefined {
    const entry = this.#entryOf(token);
    if (entry?.epoch === undefined) return undefined;
    const now = performance.now();
    if (now >= entry.liveUntil || this.#liveness?.covers(entry.epoch, now) !== true) return undefined;
    this.#counts.live += 1;
    return entry.session;
  }

  /** The session as the sidecar has it now. */
  async read(token: string, options: RunningCall): Promise<LoadedSession> {
    const known = this.#entryOf(token);
    const call = this.#begin(token);
    try {
      const etag = Buffer.from(known?.etag ?? '', 'latin1');
      const reply = await this.#inner.call('getSession', { token, etag }, options);
      if (known !== undefined && reply.notModified !== undefined) return this.#confirmed(known, reply, call);
      return this.#received(token, reply, call);
    } catch (error) {
      if (SessionError.is(error) && hasEnded(error)) this.#drop(token);
      throw error;
    } finally {
      this.#calls.end(keyOf(token), call);
    }
  }

  async call<M extends MethodName>(method: M, request: RequestOf<M>, options: RunningCall): Promise<ResponseOf<M>> {
    if (method === 'invalidateSubjectSessions') return this.#callForMany(method, request, options);
    if (!changing.has(method)) return this.#inner.call(method, request, options);
    const { token } = request as { readonly token: string };
    const base = method === 'updateSession' ? this.#entryOf(token) : undefined;
    const call = this.#begin(token);
    let next: Entry | undefined;
    let version = Infinity;
    try {
      if (base === undefined) return await this.#inner.call(method, request, options);
      const withEtag = { ...(request as RequestOf<'updateSession'>), etag: Buffer.from(base.etag, 'latin1') };
      const reply = await this.#inner.call('updateSession', withEtag, options);
      next = updated(base, withEtag, reply, this.#growthOf(keyOf(token)));
      version = reply.version;
      if (next !== undefined) next.liveUntil = call.at + reply.liveMs;
      return reply as ResponseOf<M>;
    } finally {
      // Whatever came of it: a call that failed may have been applied.
      this.#calls.changed(keyOf(token), version);
      if (next === undefined) this.#drop(token);
      else this.#keep(next, call);
      this.#calls.end(keyOf(token), call);
    }
  }

  /** A call that ends sessions, of which the reply does not say which. Other copies are validated once. */
  async #callForMany<M extends MethodName>(
    method: M,
    request: RequestOf<M>,
    options: RunningCall,
  ): Promise<ResponseOf<M>> {
    try {
      return await this.#inner.call(method, request, options);
    } finally {
      this.#liveness?.lose();
    }
  }

  close(): void {
    this.#liveness?.stop();
    this.#entries.clear();
    this.#inner.close();
  }

  onStreamOpen(): void {
    this.#liveness?.streamOpened();
  }

  onReport({ changed, allChanged, confirmed: clock }: ChangeReport): void {
    for (const { handle, version } of changed) this.#changed(handle, version === 0 ? Infinity : version);
    if (allChanged) this.#liveness?.lose();
    if (clock !== 0) this.#liveness?.confirmed(clock);
  }

  onStreamLost(): void {
    this.#liveness?.lose();
  }

  #begin(token: string): AskedCall {
    return this.#calls.begin(keyOf(token), performance.now(), this.#liveness?.begin());
  }

  #confirmed(known: Entry, reply: ResponseOf<'getSession'>, call: AskedCall): LoadedSession {
    const entry = confirmed(known, replyNotModified(reply));
    this.#counts.validated += 1;
    entry.liveUntil = call.at + reply.liveMs;
    this.#keepRead(entry, call);
    return entry.session;
  }

  #received(token: string, reply: ResponseOf<'getSession'>, call: AskedCall): LoadedSession {
    const session = replySession(reply);
    this.#counts.missed += 1;
    // A sidecar without etags, or with tokens that tell nothing of the handle, whose changes could not be noticed.
    if (reply.etag.length === 0 || keyOf(session.handle) !== keyOf(token)) {
      this.#drop(token);
      return session;
    }
    const entry = received(token, session, reply.etag, this.#growthOf(keyOf(token)));
    entry.liveUntil = call.at + reply.liveMs;
    this.#keepRead(entry, call);
    return session;
  }

  /** A read that began before the current epoch cannot be live, and does not replace a copy that is. */
  #keepRead(entry: Entry, call: AskedCall): void {
    const present = this.#entries.peek(keyOf(entry.token));
    const isPresentCurrent = present !== undefined && this.#liveness?.isCurrent(present.epoch) === true;
    const isOlder =
      isPresentCurrent && call.epoch !== present.epoch && present.session.version >= entry.session.version;
    if (!isOlder) this.#keep(entry, call);
  }

  #keep(entry: Entry, { epoch, reported }: AskedCall): void {
    const { version } = entry.session;
    const key = keyOf(entry.token);
    const present = this.#entries.peek(key);
    entry.epoch = reported <= version ? epoch : undefined;
    // A later answer may have overtaken this one. Versions can be compared within an epoch.
    const isComparable = present?.epoch !== undefined && present.epoch === epoch;
    if (!isComparable || !outranks(present, entry)) this.#entries.set(key, entry);
  }

  #changed(handle: string, version: number): void {
    this.#counts.reported += 1;
    const key = keyOf(handle);
    const entry = this.#entries.peek(key);
    if (entry !== undefined && entry.session.version < version) entry.epoch = undefined;
    this.#calls.changed(key, version);
  }

  #entryOf(token: string): Entry | undefined {
    const entry = this.#entries.get(keyOf(token));
    return entry?.token === token ? entry : undefined;
  }

  #drop(token: string): void {
    if (this.#entryOf(token) !== undefined) this.#entries.delete(keyOf(token));
  }

  /** Counts what the values of an entry take when they are decoded, unless they are not in the cache any more. */
  #growthOf(entryKey: string): OnDecoded {
    return (value, key, bytes) => {
      const entry = this.#entries.peek(entryKey);
      if (entry?.session.data.get(key) === value) this.#entries.resize(entryKey, entry, entry.bytes + bytes);
    };
  }
}

function keyOf(tokenOrHandle: string): string {
  return tokenOrHandle.slice(0, sharedLength);
}

function hasEnded({ code }: SessionError): boolean {
  return code === 'SESSION_NOT_FOUND' || code === 'TOKEN_INVALID';
}
