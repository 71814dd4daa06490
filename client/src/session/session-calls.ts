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
import type { RegenerateOptions, SaveOptions, SessionState } from './session';
import { SessionContent } from './session-content';
import type { SessionData } from './session-data';
import { changesTerms, durationOf, idleExpiryOf, newTexts, noUpdate, sentTexts } from './session-update';
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
  /** Of the lease that changes depend on; `undefined`: on none. */
  #fence: number | undefined;

  /** @param id what to create the session with, if it was not found */
  constructor(transport: Transport, codec: ValueCodec, found?: Found, id?: string) {
    this.#transport = transport;
    this.#codec = codec;
    this.#content = new SessionContent(codec, found?.session);
    this.#loadedVersion = found?.session.version;
    this.#fence = found?.fence;
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

  get fence(): number | undefined {
    return this.#fence;
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
  async save(call: RunningCall, onConflict: SaveOptions['onConflict'] = 'merge'): Promise<void> {
    const { stored } = this;
    const ifVersion = onConflict === 'fail' ? (this.#loadedVersion ?? stored?.version) : undefined;
    if (stored) await this.#update(stored, [], this.#content.capture('update'), call, ifVersion);
    else if (this.hasChanges) await this.create(call);
  }

  /** @param pops what to do before the changes, in the same step */
  async #update(
    stored: Stored,
    pops: readonly Mutation[],
    changes: SessionUpdate,
    call: RunningCall,
    ifVersion?: number,
  ): Promise<readonly MutationResult[]> {
    const { idleTimeout, subject, label } = changes;
    const mutations = [...pops, ...changes.mutations];
    if (mutations.length === 0 && !idleTimeout && !subject && !label) return [];
    const reply = await this.#transport.call(
      'updateSession',
      {
        ...{ token: stored.token, mutations, idleExpiry: idleExpiryOf(idleTimeout), ...sentTexts(changes) },
        ...{ ifVersion, fence: this.#fence },
      },
      call,
    );
    const results = replyResults(reply.results, mutations.length);
    changes.settle(results.slice(pops.length));
    this.#changed(reply.version, changesTerms(changes) || results.some(({ applied }) => applied));
    this.#state = { ...stored, version: reply.version, expires: replyTime(reply.expires), ...newTexts(changes) };
    return results;
  }

  /**
   * A call of this object has left the session at a version.
   *
   * @param hasApplied whether the call has changed anything: then the version before it was one less
   */
  #changed(version: number, hasApplied: boolean): void {
    if (version - Number(hasApplied) === this.#loadedVersion) this.#loadedVersion = version;
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
    this.#loadedVersion = state.version;
    this.#fence = undefined;
    return (this.#state = state);
  }

  async regenerate(call: RunningCall, { orCreate, grace }: RegenerateOptions): Promise<void> {
    try {
      await this.#replaceToken(call, grace);
    } catch (error) {
      const isNotFound = SessionError.is(error) && error.code === 'SESSION_NOT_FOUND';
      if (orCreate !== true || !isNotFound || !(await this.#createFromWrites(call))) throw error;
    }
  }

  /** @returns whether anything was written. If this fails, everything is as before. */
  async #createFromWrites(call: RunningCall): Promise<boolean> {
    const [content, state, isNew, fence] = [this.#content, this.#state, this.#isNew, this.#fence];
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
      this.#fence = fence;
      throw error;
    }
    return true;
  }

  async #replaceToken(call: RunningCall, grace: number | undefined): Promise<void> {
    await this.#saveIdleTimeout(call);
    const { stored } = this;
    if (!stored) return;
    const changes = this.#content.capture('regenerate');
    const { mutations } = changes;
    const reply = await this.#transport.call(
      'regenerateSession',
      { token: stored.token, mutations, ...sentTexts(changes), grace: durationOf(grace), fence: this.#fence },
      call,
    );
    const { csrfToken, version } = reply;
    // Before anything can throw: the old token is invalid, so the visitor needs the new one whatever else the reply lacks.
    const token = replyToken(reply);
    this.#state = { ...stored, token, csrfToken, version, expires: reply.expires, ...newTexts(changes) };
    this.#changed(version, true);
    replyTime(reply.expires);
    changes.settle(replyResults(reply.results, mutations.length));
  }

  /** RegenerateSession has no idle timeout. Saved before it, because a failure after it would keep the new token from the visitor. */
  async #saveIdleTimeout(call: RunningCall): Promise<void> {
    const { stored } = this;
    const { idleTimeout } = this.#content;
    if (!stored || !idleTimeout) return;
    const request = {
      ...{ token: stored.token, mutations: [], idleExpiry: idleExpiryOf(idleTimeout) },
      fence: this.#fence,
    };
    const { version, expires } = await this.#transport.call('updateSession', request, call);
    this.#content.settleIdleTimeout(idleTimeout);
    this.#changed(version, true);
    this.#state = { ...stored, version, expires: replyTime(expires) };
  }

  async invalidate(call: RunningCall): Promise<void> {
    const { stored } = this;
    if (stored) {
      await this.#transport.call('invalidateSession', { token: stored.token }, call);
      this.#state = { name: 'invalidated' };
      this.#isNew = true;
      this.#fence = undefined;
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
    const { csrfToken, version } = await this.#transport.call('newCsrfToken', { token: stored.token }, call);
    this.#changed(version, true);
    this.#state = { ...stored, csrfToken, version: version || stored.version };
    return csrfToken;
  }

  async peekFlash<Message>(queue: string, call: RunningCall): Promise<Message[]> {
    const { stored } = this;
    if (!stored || !this.#content.flash.isWaiting(queue)) return this.#content.flash.read(queue, []);
    const { messages } = await this.#transport.call('peekFlash', { token: stored.token, queue }, call);
    return this.#content.flash.read(queue, messages);
  }

  async popFlash<Message>(queue: string, call: RunningCall): Promise<Message[]> {
    return this.#content.flash.take(queue, await this.#popStored(queue, call));
  }

  async #popStored(queue: string, call: RunningCall): Promise<readonly Buffer[]> {
    const { stored } = this;
    if (!stored || !this.#content.flash.isWaiting(queue)) return [];
    if (this.#fence !== undefined) {
      const [result] = await this.#update(stored, [popOf(queue)], noUpdate, call);
      return result!.messages;
    }
    const { messages, version } = await this.#transport.call('popFlash', { token: stored.token, queue }, call);
    this.#changed(version, messages.length > 0);
    this.#state = { ...stored, version: version || stored.version };
    return messages;
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
    const pops = waiting.map(popOf);
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
    const request = { token: stored.token, mutations, ifVersion, fence: this.#fence, idleExpiry: undefined };
    const { version, expires } = await this.#transport.call('updateSession', request, call);
    this.data.adopt(key, bytes);
    if (this.#loadedVersion === ifVersion) this.#loadedVersion = version;
    this.#state = { ...stored, version, expires: replyTime(expires) };
    return this.data.get(key);
  }
}

function popOf(queue: string): Mutation {
  return { kind: { $case: 'popFlash', value: { queue } } };
}
