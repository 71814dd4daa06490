import { SessionCache } from '../../../client/src/cache/session-cache';
import { SessionError } from '../../../client/src/errors/session-error';
import { ownReply } from '../../../client/src/transport/own-reply';
import type { LoadedSession } from '../../../client/src/transport/own-reply';
import type { Transport } from '../../../client/src/transport/transport';
import { StepwiseSidecar } from './stepwise-sidecar';
import type { Call } from './stepwise-sidecar';
import { StoredSession } from './stored-session';
import type { State } from './stored-session';

/** A call, and how to settle it in the client. */
interface SentCall extends Call {
  resolve(reply: unknown): void;
  reject(error: Error): void;
}

export interface Opened {
  readonly isLive: boolean;
  readonly session: LoadedSession | undefined;
}

/**
 * A model of a client's cache, its sidecar, Redis and other sidecars, as processes with queues between them. Each method makes one
 * process take one step, so a test decides every interleaving. Time comes from jest's fake timers.
 */
export class CacheWorld {
  /** The `order` of the last state that an acknowledged change of the client produced. */
  acknowledged = 0;
  readonly cache: SessionCache;
  readonly #stored = new StoredSession();
  readonly #sidecar = new StepwiseSidecar(this.#stored);
  readonly #unary: boolean;
  /** Sent by the client, not yet executed. */
  readonly #calls: SentCall[] = [];
  /** Sent by the sidecar, not yet received. */
  #frames: { readonly call?: SentCall; readonly arrive: () => void }[] = [];
  #isOpen: boolean;
  /** Whether the stream has no room, so that requests for confirmation are dropped. */
  isFull = false;

  constructor({ unary = false } = {}) {
    this.#unary = unary;
    const transport: Transport = {
      call: (method, request) =>
        new Promise((resolve, reject) => {
          const call = { method, request: request as Call['request'], resolve, reject };
          this.#calls.push(call);
        }),
      close: () => undefined,
    };
    const source = { listen: () => undefined, confirm: (clock: number) => this.#request(clock) };
    this.#isOpen = !unary;
    this.cache = new SessionCache(transport, unary ? undefined : source, { maxBytes: 1 << 20 });
    if (!unary) this.cache.onStreamOpen();
  }

  get token(): string {
    return this.#stored.token;
  }

  /** What Redis holds; `undefined` after a logout. */
  get state(): State | undefined {
    return this.#stored.state;
  }

  /** Opens a session, live if possible. */
  open(token = this.token): Opened | Promise<Opened> {
    const live = this.cache.find(token);
    if (live !== undefined) return { isLive: true, session: live };
    return this.read(token);
  }

  async read(token = this.token): Promise<Opened> {
    try {
      return { isLive: false, session: await this.cache.read(token, { deadline: Infinity }) };
    } catch (error) {
      if (!SessionError.is(error)) throw error;
      return { isLive: false, session: undefined };
    }
  }

  /** A change by the client under test. */
  async change(): Promise<void> {
    const value = this.#stored.newValue();
    const set = { $case: 'set' as const, value: { key: 'mine', value: Buffer.from(String(value)) } };
    const mutations = [{ kind: set }];
    await this.#change(
      this.cache.call('updateSession', { token: this.token, mutations, idleExpiry: undefined }, { deadline: Infinity }),
    );
  }

  async newCsrfToken(): Promise<void> {
    await this.#change(this.cache.call('newCsrfToken', { token: this.token }, { deadline: Infinity }));
  }

  async #change(call: Promise<unknown>): Promise<void> {
    try {
      await call;
    } catch (error) {
      if (!SessionError.is(error)) throw error;
    }
  }

  /** The sidecar executes a call that it has received, and sends the reply. */
  execute(index = 0): void {
    if (!this.#isOpen && !this.#unary) return;
    const [call] = this.#calls.splice(index % Math.max(1, this.#calls.length), 1);
    if (call === undefined) return;
    const answer = this.#sidecar.answer(call);
    const order = this.state?.order ?? 0;
    const arrive = (): void => {
      if (answer instanceof Error) {
        call.reject(answer);
        return;
      }
      if (call.method !== 'getSession') this.acknowledged = Math.max(this.acknowledged, order);
      call.resolve(ownReply(answer));
    };
    this.#frames.push({ call, arrive });
  }

  /** Another client of the same sidecar changes the session. */
  changeHere(): void {
    this.#changeByOthers((version) => this.#sidecar.report(version));
  }

  /** Another sidecar changes the session. */
  changeElsewhere(): void {
    this.#changeByOthers(() => this.#sidecar.invalidate());
  }

  #changeByOthers(announce: (version: number) => void): void {
    if (this.state === undefined) return;
    const version = this.state.version + 1;
    const others = this.#stored.newValue();
    this.#stored.become({ ...this.state, version, others, accessed: performance.now() });
    announce(version);
  }

  logOutHere(): void {
    if (this.state === undefined) return;
    this.#stored.become(undefined);
    this.#sidecar.report(0);
  }

  logOutElsewhere(): void {
    if (this.state === undefined) return;
    this.#stored.become(undefined);
    this.#sidecar.invalidate();
  }

  /** Another sidecar gives the session another token. */
  regenerateElsewhere(): void {
    if (this.state === undefined) return;
    const token = this.#stored.newToken();
    this.#stored.become({ ...this.state, token, version: this.state.version + 1 });
    this.#sidecar.invalidate();
  }

  /** The visitor logs in again. To the cache, it is the same session. */
  logIn(): void {
    if (this.state !== undefined) return;
    const others = this.#stored.newValue();
    const token = this.#stored.newToken();
    const version = this.#stored.lastVersion + 1;
    this.#stored.become({ token, version, mine: 0, others, accessed: performance.now() });
    this.#sidecar.invalidate();
  }

  /** The sidecar asks Redis for confirmation. */
  askRedis(): void {
    this.#sidecar.askRedis();
  }

  hearRedis(): void {
    this.#sidecar.hearRedis();
  }

  /** The sidecar's connections to Redis are lost and replaced. */
  loseRedis(): void {
    this.#sidecar.loseRedis();
  }

  /** Redis loses its last changes, as in a failover. */
  failOver(changes: number): void {
    this.#sidecar.loseRedis();
    this.#stored.goBack(changes);
  }

  #request(clock: number): void {
    if (this.#isOpen && !this.isFull) this.#sidecar.request(clock);
  }

  /** The sidecar sends a report of changes, if there is anything to report. */
  sendReport(): void {
    const report = this.#sidecar.takeReport();
    if (report !== undefined) this.#frames.push({ arrive: () => this.cache.onReport(report) });
  }

  /** The client receives the next frame. */
  receive(): void {
    this.#frames.shift()?.arrive();
  }

  /** The client receives a reply ahead of others that were sent before it. */
  receiveReply(index: number): void {
    const replies = this.#frames.filter(({ call }) => call !== undefined);
    this.#receive(replies.at(index < 0 ? index : index % Math.max(1, replies.length)));
  }

  /** The client receives the next report ahead of replies that were sent before it. */
  receiveReport(): void {
    this.#receive(this.#frames.find(({ call }) => call === undefined));
  }

  #receive(frame: { readonly arrive: () => void } | undefined): void {
    this.#frames = this.#frames.filter((other) => other !== frame);
    frame?.arrive();
  }

  /** The stream breaks. What was sent on it is lost, but what the sidecar has executed stays. */
  loseStream(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const lost = [...this.#calls.splice(0), ...this.#frames.splice(0).flatMap(({ call }) => call ?? [])];
    this.#sidecar.forgetStream();
    this.cache.onStreamLost();
    for (const call of lost) call.reject(new SessionError('UNAVAILABLE', ''));
  }

  /** The client opens a new stream, which carries the calls made meanwhile. */
  openStream(): void {
    if (this.#isOpen || this.#unary) return;
    this.#isOpen = true;
    this.cache.onStreamOpen();
  }

  /** Everything in flight arrives, and Redis confirms. */
  settle(): void {
    this.openStream();
    this.#sidecar.askRedis();
    this.#sidecar.hearAllOfRedis();
    while (this.#calls.length > 0) this.execute();
    this.sendReport();
    while (this.#frames.length > 0) this.receive();
  }

  /** The states that Redis held within the last `ms`. */
  statesWithin(ms: number): (State | undefined)[] {
    return this.#stored.statesWithin(ms);
  }
}

/** A loaded session in the terms of a state, for comparison. */
export function shown({ version, data }: LoadedSession): Pick<State, 'version' | 'mine' | 'others'> {
  const number = (key: string) => Number(data.get(key));
  return { version, mine: number('mine'), others: number('others') };
}

/** Resolves after all pending promise callbacks have run. */
export function turns(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
