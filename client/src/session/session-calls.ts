import { setTimeout as delay } from 'node:timers/promises';
import type { Mutation, MutationResult, Session } from '@session-sidecar/proto/session/v1/session';
import type { CreateSessionRequest } from '@session-sidecar/proto/session/v1/session_service';
import { SessionError } from '../errors/session-error';
import type { RunningCall } from '../transport/call-options';
import type { Transport } from '../transport/transport';
import type { ValueCodec } from './codec';
import { FlashMessages } from './flash-messages';
import type { StoredValue } from './kept-value';
import type { SaveKind } from './pending-writes';
import { replyResults, replySession, replyTime, replyToken } from './replies';
import type { SessionState } from './session';
import { SessionData } from './session-data';

/** A stored session, as last reported by the sidecar. */
export interface Stored {
  readonly name: 'stored';
  readonly token: string;
  readonly handle: string;
  readonly csrfToken: string;
  readonly created: Date | undefined;
  readonly expires: Date | undefined;
  readonly version: number;
  readonly subject: string | undefined;
}

type State = Stored | { readonly name: 'new' } | { readonly name: 'invalidated' };

/** A session as the sidecar has it. Its values may be shared with other sessions of the same token. */
export interface LoadedSession extends Omit<Session, 'data'> {
  readonly data: ReadonlyMap<string, StoredValue>;
}

export interface Found {
  readonly token: string;
  readonly session: LoadedSession;
}

/** Everything that a save sends, and what to do once the sidecar has applied it. */
interface SessionUpdate {
  readonly mutations: Mutation[];
  readonly idleTimeout: { readonly value: number | 'never' } | undefined;
  readonly subject: { readonly value: string } | undefined;
  settle(results: readonly MutationResult[]): void;
}

/** After this many lost races, the deadline is too long for so contended a key. */
const maxTransformAttempts = 50;

/**
 * The calls of one session, and its state, which they change. Calls must not overlap: each starts from the state that the
 * previous one has left.
 */
export class SessionCalls {
  readonly #transport: Transport;
  readonly #codec: ValueCodec;
  #state: State = { name: 'new' };
  #isNew = true;
  #data: SessionData;
  #flash: FlashMessages;
  /** Not saved yet. */
  #idleTimeout: SessionUpdate['idleTimeout'];
  /** Not saved yet; the empty string: none. */
  #subject: SessionUpdate['subject'];

  constructor(transport: Transport, codec: ValueCodec, found?: Found) {
    this.#transport = transport;
    this.#codec = codec;
    this.#data = new SessionData(codec, found?.session.data);
    this.#flash = new FlashMessages(codec, found?.session.flashQueues);
    if (found) {
      this.#state = storedState(found.token, found.session);
      this.#isNew = false;
    }
  }

  get state(): SessionState {
    return this.#state.name;
  }

  get isNew(): boolean {
    return this.#isNew;
  }

  get stored(): Stored | undefined {
    return this.#state.name === 'stored' ? this.#state : undefined;
  }

  get data(): SessionData {
    return this.#data;
  }

  get flash(): FlashMessages {
    return this.#flash;
  }

  get subject(): string | undefined {
    return this.#subject ? this.#subject.value || undefined : this.stored?.subject;
  }

  get hasChanges(): boolean {
    const { stored } = this;
    if (this.#flash.hasChanges || this.#data.hasChanges(stored ? 'update' : 'create')) return true;
    return stored ? this.#idleTimeout !== undefined || this.#subject !== undefined : Boolean(this.#subject?.value);
  }

  setIdleTimeout(timeout: number | 'never'): void {
    this.#idleTimeout = { value: timeout };
  }

  setSubject(subject: string | undefined): void {
    this.#subject = { value: subject ?? '' };
  }

  /** Stores the changes, and creates the session if it is not stored. */
  async save(call: RunningCall): Promise<void> {
    const { stored } = this;
    if (!stored) {
      if (this.hasChanges) await this.create(call);
      return;
    }
    const changes = this.#capture('update');
    const { mutations, idleTimeout, subject } = changes;
    if (mutations.length === 0 && !idleTimeout && !subject) return;
    const { version, expires, results } = await this.#transport.call(
      'updateSession',
      { token: stored.token, mutations, idleExpiry: idleExpiryOf(idleTimeout), subject: subject?.value },
      call,
    );
    changes.settle(replyResults(results, mutations.length));
    this.#state = { ...stored, version, expires: replyTime(expires), ...subjectOf(subject) };
  }

  /** Creates the session, even if it has no changes. */
  async create(call: RunningCall): Promise<Stored> {
    const changes = this.#capture('create');
    const { mutations, idleTimeout, subject } = changes;
    const reply = await this.#transport.call(
      'createSession',
      { mutations, idleExpiry: idleExpiryOf(idleTimeout), subject: subject?.value || undefined },
      call,
    );
    const state = storedState(replyToken(reply), replySession(reply));
    changes.settle(replyResults(reply.results, mutations.length));
    return (this.#state = state);
  }

  async regenerate(call: RunningCall): Promise<void> {
    await this.#saveIdleTimeout(call);
    const { stored } = this;
    if (!stored) return;
    const changes = this.#capture('regenerate');
    const { mutations, subject } = changes;
    const reply = await this.#transport.call(
      'regenerateSession',
      { token: stored.token, mutations, subject: subject?.value },
      call,
    );
    const { csrfToken, version } = reply;
    // Before anything can throw: the old token is invalid, so the visitor needs the new one whatever else the reply lacks.
    const token = replyToken(reply);
    this.#state = { ...stored, token, csrfToken, version, expires: reply.expires, ...subjectOf(subject) };
    replyTime(reply.expires);
    changes.settle(replyResults(reply.results, mutations.length));
  }

  /** RegenerateSession has no idle timeout. Saved before it, because a failure after it would keep the new token from the visitor. */
  async #saveIdleTimeout(call: RunningCall): Promise<void> {
    const { stored } = this;
    const idleTimeout = this.#idleTimeout;
    if (!stored || !idleTimeout) return;
    const request = { token: stored.token, mutations: [], idleExpiry: idleExpiryOf(idleTimeout) };
    const { version, expires } = await this.#transport.call('updateSession', request, call);
    if (this.#idleTimeout === idleTimeout) this.#idleTimeout = undefined;
    this.#state = { ...stored, version, expires: replyTime(expires) };
  }

  async invalidate(call: RunningCall): Promise<void> {
    const { stored } = this;
    if (stored) {
      await this.#transport.call('invalidateSession', { token: stored.token }, call);
      this.#state = { name: 'invalidated' };
      this.#isNew = true;
    }
    this.#data = new SessionData(this.#codec);
    this.#flash = new FlashMessages(this.#codec);
    this.#idleTimeout = undefined;
    this.#subject = undefined;
  }

  async newCsrfToken(call: RunningCall): Promise<string> {
    const { stored } = this;
    if (!stored) return (await this.create(call)).csrfToken;
    const { csrfToken } = await this.#transport.call('newCsrfToken', { token: stored.token }, call);
    this.#state = { ...stored, csrfToken };
    return csrfToken;
  }

  async peekFlash<Message>(queue: string, call: RunningCall): Promise<Message[]> {
    const messages = await this.#flashMessages('peekFlash', queue, call);
    return this.#flash.read(queue, messages);
  }

  async popFlash<Message>(queue: string, call: RunningCall): Promise<Message[]> {
    const taken = await this.#flashMessages('popFlash', queue, call);
    const messages = this.#flash.read<Message>(queue, taken);
    this.#flash.forget(queue);
    return messages;
  }

  async #flashMessages(method: 'peekFlash' | 'popFlash', queue: string, call: RunningCall): Promise<Buffer[]> {
    if (!this.stored || !this.#flash.isWaiting(queue)) return [];
    return (await this.#transport.call(method, { token: this.stored.token, queue }, call)).messages;
  }

  async transform(key: string, change: (value: unknown) => unknown, call: RunningCall): Promise<unknown> {
    if (!this.stored || this.#data.isChanged(key)) {
      this.#data.set(key, changed(change, this.#data.get(key)));
      if (this.stored) await this.save(call);
      return this.#data.get(key);
    }
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#tryTransform(this.stored, key, change, call);
      } catch (error) {
        if (!SessionError.is(error) || error.code !== 'VERSION_MISMATCH' || attempt === maxTransformAttempts)
          throw error;
        // Jitter, so that requests that lost the same race do not all race again.
        await delay(Math.random() * Math.min(attempt, 20));
      }
    }
  }

  async #tryTransform(stored: Stored, key: string, change: (value: unknown) => unknown, call: RunningCall) {
    const { token } = stored;
    const { data, version: ifVersion } = replySession(await this.#transport.call('getSession', { token }, call));
    const before = data.get(key);
    const after = changed(change, before && this.#codec.decode(before, key));
    const value = this.#codec.encode(after, key);
    const mutations: Mutation[] = [{ kind: { $case: 'set', value: { key, value } } }];
    const request = { token, mutations, ifVersion, idleExpiry: undefined };
    const { version, expires } = await this.#transport.call('updateSession', request, call);
    this.#data.adopt(key, value);
    this.#state = { ...stored, version, expires: replyTime(expires) };
    return this.#data.get(key);
  }

  #capture(save: SaveKind): SessionUpdate {
    const data = this.#data.capture(save);
    const flash = this.#flash.capture();
    const idleTimeout = save === 'regenerate' ? undefined : this.#idleTimeout;
    const subject = this.#subject;
    return {
      mutations: [...data.mutations, ...flash.mutations],
      idleTimeout,
      subject,
      settle: (results) => {
        data.settle(results.slice(0, data.mutations.length));
        flash.settle(results.slice(data.mutations.length));
        if (this.#idleTimeout === idleTimeout) this.#idleTimeout = undefined;
        if (this.#subject === subject) this.#subject = undefined;
      },
    };
  }
}

function storedState(token: string, session: LoadedSession): Stored {
  const { handle, csrfToken, created, expires, version, subject } = session;
  return { name: 'stored', token, handle, csrfToken, created, expires, version, subject };
}

function subjectOf(subject: SessionUpdate['subject']): { subject?: string | undefined } {
  return subject ? { subject: subject.value || undefined } : {};
}

function idleExpiryOf(timeout: SessionUpdate['idleTimeout']): CreateSessionRequest['idleExpiry'] {
  if (!timeout) return undefined;
  if (timeout.value === 'never') return { $case: 'noIdleTimeout', value: true };
  const seconds = Math.floor(timeout.value / 1000);
  return { $case: 'idleTimeout', value: { seconds, nanos: (timeout.value % 1000) * 1e6 } };
}

function changed(change: (value: unknown) => unknown, before: unknown): unknown {
  const after = change(before);
  if (after === undefined) throw new TypeError('Expected `change` to return the new value, got undefined');
  return after;
}
