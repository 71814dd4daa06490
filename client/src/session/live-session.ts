import { createHash, timingSafeEqual } from 'node:crypto';
import { startCall } from '../transport/call-options';
import type { CallOptions, RunningCall } from '../transport/call-options';
import type { Transport } from '../transport/transport';
import { assertIdleTimeout, assertOnConflict, assertText, graceRange } from './arguments';
import type { ValueCodec } from './codec';
import { GuardedProperties } from './guarded-properties';
import { valueOf } from './joint-turn';
import type { JointCalls, JointTurn } from './joint-turn';
import type { Json } from './json';
import { assertMilliseconds } from './milliseconds';
import type {
  Entry,
  FlashOptions,
  ISession,
  Key,
  RegenerateOptions,
  SaveOptions,
  SessionOrigin,
  SessionState,
  Value,
} from './session';
import { SessionCalls } from './session-calls';
import type { Found } from './stored-session';

/** What all sessions of one client share. */
export interface SessionContext {
  readonly transport: Transport;
  readonly codec: ValueCodec;
  readonly timeoutMs: number;
}

/** Gives {@link SessionCalls} the types of {@link ISession}, and runs its calls one after another. */
export class LiveSession<T extends object> extends GuardedProperties implements ISession<T> {
  readonly origin: SessionOrigin;
  readonly #calls: SessionCalls;
  readonly #timeoutMs: number;
  #lastCall: Promise<unknown> = Promise.resolve();
  /** What the next call can join. */
  #joint: JointTurn | undefined;

  /** @param id what to create the session with, if it was not found */
  constructor({ transport, codec, timeoutMs }: SessionContext, origin: SessionOrigin, found?: Found, id?: string) {
    super();
    this.origin = origin;
    this.#calls = new SessionCalls(transport, codec, found, id);
    this.#timeoutMs = timeoutMs;
  }

  get state(): SessionState {
    return this.#calls.state;
  }
  get isNew(): boolean {
    return this.#calls.isNew;
  }
  get token(): string | undefined {
    return this.#calls.stored?.token;
  }
  get handle(): string | undefined {
    return this.#calls.stored?.handle;
  }
  get created(): Date | undefined {
    return copyOf(this.#calls.stored?.created);
  }
  get expires(): Date | undefined {
    return copyOf(this.#calls.stored?.expires);
  }
  get version(): number {
    return this.#calls.stored?.version ?? 0;
  }
  get subject(): string | undefined {
    return this.#calls.texts.subject;
  }
  get label(): string | undefined {
    return this.#calls.texts.label;
  }
  get hasChanges(): boolean {
    return this.#calls.hasChanges;
  }
  get fence(): number | undefined {
    return this.#calls.fence;
  }

  get<K extends Key<T>>(key: K): Value<T, K> | undefined;
  get<K extends Key<T>>(key: K, fallback: Value<T, K>): Value<T, K>;
  get(key: string, fallback?: unknown): unknown {
    const { data } = this.#calls;
    return data.has(key) ? data.get(key) : fallback;
  }

  has(key: Key<T>): boolean {
    return this.#calls.data.has(key);
  }

  set<K extends Key<T>>(key: K, value: Value<T, K>): void {
    this.#calls.data.set(key, value);
  }

  setDefault<K extends Key<T>>(key: K, value: Value<T, K>): Value<T, K> {
    return this.#calls.data.setDefault(key, value) as Value<T, K>;
  }

  update(values: Partial<T>): void {
    this.#calls.data.update(Object.entries(values).filter(([, value]) => value !== undefined));
  }

  delete(key: Key<T>): boolean {
    return this.#calls.data.delete(key);
  }

  pop<K extends Key<T>>(key: K): Value<T, K> | undefined;
  pop<K extends Key<T>>(key: K, fallback: Value<T, K>): Value<T, K>;
  pop(key: string, fallback?: unknown): unknown {
    const { data } = this.#calls;
    if (!data.has(key)) return fallback;
    const value = data.get(key);
    data.delete(key);
    return value;
  }

  popItem(): Entry<T> | undefined {
    const { data } = this.#calls;
    const key = [...data.keys()].at(-1);
    if (key === undefined) return undefined;
    const value = data.get(key);
    data.delete(key);
    return [key, value] as Entry<T>;
  }

  clear(): void {
    this.#calls.data.clear();
  }

  get size(): number {
    return this.#calls.data.size;
  }

  keys(): IterableIterator<Key<T>> {
    return this.#calls.data.keys() as IterableIterator<Key<T>>;
  }

  *values(): IterableIterator<Entry<T>[1]> {
    for (const [, value] of this.entries()) yield value;
  }

  *entries(): IterableIterator<Entry<T>> {
    const { data } = this.#calls;
    for (const key of data.keys()) yield [key, data.get(key)] as Entry<T>;
  }

  [Symbol.iterator](): IterableIterator<Entry<T>> {
    return this.entries();
  }

  toObject(): Partial<T> {
    // fromEntries defines properties, so that the key `__proto__` is like any other.
    return Object.fromEntries(this.entries()) as Partial<T>;
  }

  changed(key?: Key<T>): void {
    const { data } = this.#calls;
    for (const each of key === undefined ? data.keys() : [key]) data.markChanged(each);
  }

  flash<Message>(message: Message & Json<Message>, options?: FlashOptions): void {
    this.#calls.content.flash.push(message, options);
  }

  peekFlash<Message>(queue = '', options?: CallOptions): Promise<Message[]> {
    return this.#inTurn(options, (call) => this.#calls.peekFlash(queue, call));
  }

  async popFlash<Message>(queue = '', options?: CallOptions): Promise<Message[]> {
    if (options !== undefined) return this.#inTurn(options, (call) => this.#calls.popFlash(queue, call));
    if (this.#joint?.queues.has(queue)) this.#joint = undefined;
    const turn = this.#jointTurn();
    turn.queues.add(queue);
    return valueOf((await turn.outcome).popped.get(queue)!) as Message[];
  }

  csrfToken(options?: CallOptions): Promise<string> {
    // Calls before and after this one may be made together: only a new session is called for, and then it stores what they would.
    return this.#enqueue(options, async (call) => (this.#calls.stored ?? (await this.#calls.create(call))).csrfToken);
  }

  newCsrfToken(options?: CallOptions): Promise<string> {
    return this.#inTurn(options, (call) => this.#calls.newCsrfToken(call));
  }

  checkCsrfToken(token: string | undefined): boolean {
    const { stored } = this.#calls;
    if (!stored?.csrfToken || typeof token !== 'string') return false;
    // timingSafeEqual requires equal lengths, which digests have whatever was sent.
    return timingSafeEqual(digest(token), digest(stored.csrfToken));
  }

  invalidate(options?: CallOptions): Promise<void> {
    return this.#inTurn(options, (call) => this.#calls.invalidate(call));
  }

  async regenerate(options?: RegenerateOptions): Promise<void> {
    if (options?.grace !== undefined) assertMilliseconds('grace', options.grace, graceRange);
    return this.#inTurn(options, (call) => this.#calls.regenerate(call, options ?? {}));
  }

  reload(options?: CallOptions): Promise<void> {
    return this.#inTurn(options, (call) => this.#calls.reload(call));
  }

  transform<K extends Key<T>>(
    key: K,
    change: (value: Value<T, K> | undefined) => Value<T, K>,
    options?: CallOptions,
  ): Promise<Value<T, K>> {
    const untyped = change as (value: unknown) => unknown;
    return this.#inTurn(options, async (call) => (await this.#calls.transform(key, untyped, call)) as Value<T, K>);
  }

  setIdleTimeout(timeout: number | 'never'): void {
    assertIdleTimeout(timeout);
    this.#calls.content.setIdleTimeout(timeout);
  }

  setSubject(subject: string | undefined): void {
    assertText('subject', subject);
    this.#calls.content.setSubject(subject);
  }

  setLabel(label: string | undefined): void {
    assertText('label', label);
    this.#calls.content.setLabel(label);
  }

  async save(options?: SaveOptions): Promise<void> {
    if (options !== undefined) {
      const { onConflict } = options;
      assertOnConflict(onConflict);
      return this.#inTurn(options, (call) => this.#calls.save(call, onConflict));
    }
    const turn = this.#jointTurn();
    turn.saves = true;
    valueOf((await turn.outcome).saved);
  }

  /** The turn that the calls made before the application awaits anything share, unless another call came between. */
  #jointTurn(): JointTurn {
    if (this.#joint !== undefined) return this.#joint;
    const calls: JointCalls = { queues: new Set(), saves: false };
    const outcome = this.#enqueue(undefined, (call) => this.#calls.popAndSave(calls, call));
    const joint = Object.assign(calls, { outcome });
    this.#joint = joint;
    queueMicrotask(() => {
      if (this.#joint === joint) this.#joint = undefined;
    });
    return joint;
  }

  /** What is called after this does not join what was called before. */
  #inTurn<Result>(options: CallOptions | undefined, work: (call: RunningCall) => Promise<Result>): Promise<Result> {
    this.#joint = undefined;
    return this.#enqueue(options, work);
  }

  /** The time limit starts now; the work starts when all earlier calls have settled. */
  async #enqueue<Result>(
    options: CallOptions | undefined,
    work: (call: RunningCall) => Promise<Result>,
  ): Promise<Result> {
    const call = startCall(options, this.#timeoutMs);
    const turn = this.#lastCall.then(() => work(call));
    this.#lastCall = turn.catch(() => {});
    return turn;
  }
}

/** A Date can be changed, and a cached session shares it with others. */
function copyOf(date: Date | undefined): Date | undefined {
  return date && new Date(date);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
