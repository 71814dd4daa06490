import type { Mutation, MutationResult } from '@session-sidecar/proto/session/v1/session';
import { SessionError } from '../errors/session-error';
import type { RunningCall } from '../transport/call-options';
import type { LoadedSession } from '../transport/own-reply';
import type { Transport } from '../transport/transport';
import type { ValueCodec } from './codec';
import { isRefusal, settled } from './joint-turn';
import type { JointCalls, JointOutcome } from './joint-turn';
import { changed, changeCurrentValue } from './current-value';
import { replyResults, replySession, replyTime, replyToken } from './replies';
import type { SessionState } from './session';
import { SessionContent } from './session-content';
import type { SessionData } from './session-data';
import { idleExpiryOf, newTexts, noUpdate, sentTexts } from './session-update';
import type { SessionTexts, SessionUpdate } from './session-update';
import { storedState } from './stored-session';
import type { Found, State, Stored } from './stored-session';

/**
 * The calls of one session, and its state, which they change. Calls must not overlap: each starts from the state that the
 * previous one has left.
 */
export class SessionCalls {
  readonly #transport: Transport;
  readonly #codec: ValueCodec;
  #state: State;
  #isNew: boolean;
  #content: SessionContent;
  /** The version whose values the content has, apart from what is not saved; `undefined`: it was not loaded. */
  #loadedVersion: number | undefined;

  /** @param id what to create the session with, if it was not found */
  constructor(transport: Transport, codec: ValueCodec, found?: Found, id?: string) {
    this.#transport = transport;
    this.#codec = codec;
    this.#content = new SessionContent(codec, found?.session);
    this.#loadedVersion = found?.session.version;
    this.#state = found ? storedState(found.token, found.session) : { name: 'new', id };
    this.#isNew = !found;
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

  get content(): SessionContent {
    return this.#content;
  }

  get data(): SessionData {
    return this.#content.data;
  }

  /** With what is not saved yet. */
  get texts(): SessionTexts {
    const { subject, label } = { ...this.stored, ...newTexts(this.#content) };
    return { subject, label };
  }

  get hasChanges(): boolean {
    return this.#content.hasChanges(this.stored !== undefined);
  }

  /** Stores the changes, and creates the session if it is not stored. */
  async save(call: RunningCall): Promise<void> {
    const { stored } = this;
    if (stored) await this.#update(stored, [], this.#content.capture('update'), call);
    else if (this.hasChanges) await this.create(call);
  }

  /** @param pops what to do before the changes, in the same step */
  async #update(
    stored: Stored,
    pops: readonly Mutation[],
    changes: SessionUpdate,
    call: RunningCall,
  ): Promise<readonly MutationResult[]> {
    const { idleTimeout, subject, label } = changes;
    const mutations = [...pops, ...changes.mutations];
    if (mutations.length === 0 && !idleTimeout && !subject && !label) return [];
    const reply = await this.#transport.call(
      'updateSession',
      { token: stored.token, mutations, idleExpiry: idleExpiryOf(idleTimeout), ...sentTexts(changes) },
      call,
    );
    const results = replyResults(reply.results, mutations.length);
    changes.settle(results.slice(pops.length));
    this.#state = { ...stored, version: reply.version, expires: replyTime(reply.expires), ...newTexts(changes) };
    return results;
  }

  /** Creates the session, even if it has no changes. */
  async create(call: RunningCall): Promise<Stored> {
    const changes = this.#content.capture('create');
    const { mutations, idleTimeout } = changes;
    const id = this.#state.name === 'new' ? this.#state.id : undefined;
    const reply = await this.#transport.call(
      'createSession',
      { mutations, idleExpiry: idleExpiryOf(idleTimeout), ...newTexts(changes), id },
      call,
    );
    const state = storedState(replyToken(reply), replySession(reply));
    changes.settle(replyResults(reply.results, mutations.length));
    return (this.#state = state);
  }

  /** @param orCreate whether a session that has ended, or whose token was replaced, gives way to a new one with what was written */
  async regenerate(call: RunningCall, orCreate: boolean): Promise<void> {
    try {
      await this.#replaceToken(call);
    } catch (error) {
      const isNotFound = SessionError.is(error) && error.code === 'SESSION_NOT_FOUND';
      if (!orCreate || !isNotFound || !(await this.#createFromWrites(call))) throw error;
    }
  }

  /** @returns whether anything was written. If this fails, everything is as before. */
  async #createFromWrites(call: RunningCall): Promise<boolean> {
    const [content, state, isNew] = [this.#content, this.#state, this.#isNew];
    const written = content.written();
    if (!written.hasChanges(false)) return false;
    this.#content = written;
    this.#state = { name: 'invalidated' };
    this.#isNew = true;
    try {
      await this.create(call);
    } catch (error) {
      this.#content = content;
      this.#state = state;
      this.#isNew = isNew;
      throw error;
    }
    this.#loadedVersion = undefined;
    return true;
  }

  async #replaceToken(call: RunningCall): Promise<void> {
    await this.#saveIdleTimeout(call);
    const { stored } = this;
    if (!stored) return;
    const changes = this.#content.capture('regenerate');
    const { mutations } = changes;
    const reply = await this.#transport.call(
      'regenerateSession',
      { token: stored.token, mutations, ...sentTexts(changes) },
      call,
    );
    const { csrfToken, version } = reply;
    // Before anything can throw: the old token is invalid, so the visitor needs the new one whatever else the reply lacks.
    const token = replyToken(reply);
    this.#state = { ...stored, token, csrfToken, version, expires: reply.expires, ...newTexts(changes) };
    replyTime(reply.expires);
    changes.settle(replyResults(reply.results, mutations.length));
  }

  /** RegenerateSession has no idle timeout. Saved before it, because a failure after it would keep the new token from the visitor. */
  async #saveIdleTimeout(call: RunningCall): Promise<void> {
    const { stored } = this;
    const { idleTimeout } = this.#content;
    if (!stored || !idleTimeout) return;
    const request = { token: stored.token, mutations: [], idleExpiry: idleExpiryOf(idleTimeout) };
    const { version, expires } = await this.#transport.call('updateSession', request, call);
    this.#content.settleIdleTimeout(idleTimeout);
    this.#state = { ...stored, version, expires: replyTime(expires) };
  }

  async invalidate(call: RunningCall): Promise<void> {
    const { stored } = this;
    if (stored) {
      await this.#transport.call('invalidateSession', { token: stored.token }, call);
      this.#state = { name: 'invalidated' };
      this.#isNew = true;
    }
    this.#startFrom(undefined);
  }

  async reload(call: RunningCall): Promise<void> {
    const { stored } = this;
    if (!stored) return this.#startFrom(undefined);
    const session = replySession(await this.#transport.call('getSession', { token: stored.token }, call));
    this.#state = storedState(stored.token, session);
    this.#startFrom(session);
  }

  /** Discards what is not saved. */
  #startFrom(session: LoadedSession | undefined): void {
    this.#content = new SessionContent(this.#codec, session);
    this.#loadedVersion = session?.version;
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
    return this.#content.flash.read(queue, messages);
  }

  async popFlash<Message>(queue: string, call: RunningCall): Promise<Message[]> {
    return this.#content.flash.take(queue, await this.#flashMessages('popFlash', queue, call));
  }

  /**
   * Pops queues and, if `saves`, saves: in one call where it takes several otherwise. Unsaved messages of these queues are popped
   * without being sent.
   */
  async popAndSave(calls: JointCalls, call: RunningCall): Promise<JointOutcome> {
    const taken = await this.#popAndSaveInOneCall(calls, call);
    const popped = new Map<string, PromiseSettledResult<unknown[]>>();
    for (const queue of calls.queues) {
      const pop = () => (taken ? this.#content.flash.take(queue, taken.get(queue) ?? []) : this.popFlash(queue, call));
      popped.set(queue, await settled(pop));
    }
    const isSaveLeft = calls.saves && taken === undefined;
    return { popped, saved: await settled(() => (isSaveLeft ? this.save(call) : undefined)) };
  }

  /** @returns the messages that were waiting in each queue; `undefined`: nothing was done, make each call by itself */
  async #popAndSaveInOneCall(
    { queues, saves }: JointCalls,
    call: RunningCall,
  ): Promise<ReadonlyMap<string, readonly Buffer[]> | undefined> {
    const { stored } = this;
    const waiting = [...queues].filter((queue) => this.#content.flash.isWaiting(queue));
    if (!stored || waiting.length === 0 || waiting.length + Number(saves) === 1) return undefined;
    const pops = waiting.map((queue): Mutation => ({ kind: { $case: 'popFlash', value: { queue } } }));
    try {
      const changes = saves ? this.#content.capture('update', queues) : noUpdate;
      const results = await this.#update(stored, pops, changes, call);
      return new Map(waiting.map((queue, index) => [queue, results[index]!.messages]));
    } catch (error) {
      // Of calls made separately, one would not fail because of another. A sidecar that cannot pop with others refuses it, too.
      if (isRefusal(error)) return undefined;
      throw error;
    }
  }

  async #flashMessages(method: 'peekFlash' | 'popFlash', queue: string, call: RunningCall): Promise<Buffer[]> {
    if (!this.stored || !this.#content.flash.isWaiting(queue)) return [];
    return (await this.#transport.call(method, { token: this.stored.token, queue }, call)).messages;
  }

  async transform(key: string, change: (value: unknown) => unknown, call: RunningCall): Promise<unknown> {
    const { stored } = this;
    if (!stored || this.data.isChanged(key)) {
      this.data.set(key, changed(change, this.data.get(key)));
      if (stored) await this.save(call);
      return this.data.get(key);
    }
    // What was loaded mostly is what is stored. If it is not, the sidecar refuses the change.
    const { version } = stored;
    return changeCurrentValue({
      known: this.#loadedVersion === version ? { version, value: this.data.stored(key) } : undefined,
      read: async () => {
        const session = replySession(await this.#transport.call('getSession', { token: stored.token }, call));
        return { version: session.version, value: session.data.get(key) };
      },
      change: (value) => change(value && this.#codec.decodeExactly(value, key)),
      write: (value, ifVersion) => this.#replaceValue(stored, key, value, ifVersion, call),
    });
  }

  /** Stores a value, if the session still has this version. */
  async #replaceValue(
    stored: Stored,
    key: string,
    value: unknown,
    ifVersion: number,
    call: RunningCall,
  ): Promise<unknown> {
    const bytes = this.#codec.encode(value, key);
    const mutations: Mutation[] = [{ kind: { $case: 'set', value: { key, value: bytes } } }];
    const request = { token: stored.token, mutations, ifVersion, idleExpiry: undefined };
    const { version, expires } = await this.#transport.call('updateSession', request, call);
    this.data.adopt(key, bytes);
    if (this.#loadedVersion === ifVersion) this.#loadedVersion = version;
    this.#state = { ...stored, version, expires: replyTime(expires) };
    return this.data.get(key);
  }
}
