import { SessionCache } from '../../../client/src/cache/session-cache';
import { SessionError } from '../../../client/src/errors/session-error';
import { bytesOf } from '../../../client/src/session/kept-value';
import type { LoadedSession } from '../../../client/src/session/stored-session';
import type { Transport } from '../../../client/src/transport/transport';
import { StepwiseSidecar } from './stepwise-sidecar';
import type { Call } from './stepwise-sidecar';
import { StoredSession } from './stored-session';
import type { State } from './stored-session';

/** A call with the client that waits for its reply. */
interface SentCall extends Call {
  resolve(reply: unknown): void;
  reject(error: Error): void;
}

export interface Opened {
  readonly isLive: boolean;
  readonly session: LoadedSession | undefined;
}

/**
 * A client's cache, the sidecar that it talks to, Redis behind that, and other sidecars: as processes that do one step when they
 * are told to, with queues between them. Time is that of jest's fake timers.
 */
export class CacheWorld {
  /** The last state that a change of the client has led to, of those that were acknowledged. */
  acknowledged = 0;
  readonly cache: SessionCache;
  readonly #stored = new StoredSession();
  readonly #sidecar = new StepwiseSidecar(this.#stored);
  readonly #unary: boolean;
  /** Sent by the client and not executed. */
  readonly #calls: SentCall[] = [];
  /** Sent by the sidecar and not received. */
  #frames: { readonly call?: SentCall; readonly arrive: () => void }[] = [];
  #isOpen: boolean;
  /** The stream takes no request for confirmation, because it has no room. */
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

  /** What Redis has, `undefined` after a logout. */
  get state(): State | undefined {
    return this.#stored.state;
  }

  /** Opens a session, live if that can be. */
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
      call.resolve(answer);
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

  #changeByOthers(tell: (version: number) => void): void {
    if (this.state === undefined) return;
    const version = this.state.version + 1;
    const others = this.#stored.newValue();
    this.#stored.become({ ...this.state, version, others, accessed: performance.now() });
    tell(version);
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

  /** The visitor logs in again: for the cache, the same session. */
  logIn(): void {
    if (this.state !== undefined) return;
    const others = this.#stored.newValue();
    const token = this.#stored.newToken();
    const version = this.#stored.lastVersion + 1;
    this.#stored.become({ token, version, mine: 0, others, accessed: performance.now() });
    this.#sidecar.invalidate();
  }

  /** The sidecar asks Redis for confirmation, if it is connected. Redis answers in order, later. */
  askRedis(): void {
    this.#sidecar.askRedis();
  }

  hearRedis(): void {
    this.#sidecar.hearRedis();
  }

  /** The sidecar's connections to Redis are lost, and made anew. */
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

  /** The sidecar sends what it has to tell of changes. */
  sendReport(): void {
    const report = this.#sidecar.takeReport();
    if (report !== undefined) this.#frames.push({ arrive: () => this.cache.onReport(report) });
  }

  /** The client receives the next frame. */
  receive(): void {
    this.#frames.shift()?.arrive();
  }

  /** The client receives a reply before others that were ready before it. */
  receiveReply(index: number): void {
    const replies = this.#frames.filter(({ call }) => call !== undefined);
    this.#receive(replies.at(index < 0 ? index : index % Math.max(1, replies.length)));
  }

  /** The client receives the next report before the replies that were ready before it. */
  receiveReport(): void {
    this.#receive(this.#frames.find(({ call }) => call === undefined));
  }

  #receive(frame: { readonly arrive: () => void } | undefined): void {
    this.#frames = this.#frames.filter((other) => other !== frame);
    frame?.arrive();
  }

  /** The stream breaks: what was sent on it is lost, except for what the sidecar has executed. */
  loseStream(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const lost = [...this.#calls.splice(0), ...this.#frames.splice(0).flatMap(({ call }) => call ?? [])];
    this.#sidecar.forgetStream();
    this.cache.onStreamLost();
    for (const call of lost) call.reject(new SessionError('UNAVAILABLE', ''));
  }

  /** There is a stream again. Calls that were made meanwhile are sent on it. */
  openStream(): void {
    if (this.#isOpen || this.#unary) return;
    this.#isOpen = true;
    this.cache.onStreamOpen();
  }

  /** Everything that is under way arrives, and Redis confirms. */
  settle(): void {
    this.openStream();
    this.#sidecar.askRedis();
    this.#sidecar.hearAllOfRedis();
    while (this.#calls.length > 0) this.execute();
    this.sendReport();
    while (this.#frames.length > 0) this.receive();
  }

  /** The states that Redis had within the last `ms`. */
  statesWithin(ms: number): (State | undefined)[] {
    return this.#stored.statesWithin(ms);
  }
}

/** What a session shows, to compare it with a state. */
export function shown({ version, data }: LoadedSession): Pick<State, 'version' | 'mine' | 'others'> {
  const number = (key: string) => Number(bytesOf(data.get(key)!).toString());
  return { version, mine: number('mine'), others: number('others') };
}

/** After everything that promises have caused. */
export function turns(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
