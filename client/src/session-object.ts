import { createHash, timingSafeEqual } from 'node:crypto';
import { startCall } from './call-options';
import type { CallOptions, RunningCall } from './call-options';
import type { ValueCodec } from './codec';
import type { Json } from './json';
import type { Entry, FlashOptions, ISession, Key, SessionOrigin, SessionState, Value } from './session';
import { SessionCore } from './session-core';
import type { Found } from './session-core';
import type { Transport } from './transport/transport';

/** What all sessions of a client share. */
export interface SessionContext {
  readonly transport: Transport;
  readonly codec: ValueCodec;
  readonly timeoutMs: number;
}

/** The types of {@link ISession} over the untyped core, and the rule that calls run one after another. */
export class SessionObject<T extends object> implements ISession<T> {
  readonly origin: SessionOrigin;
  readonly #core: SessionCore;
  readonly #timeoutMs: number;
  #lastCall: Promise<unknown> = Promise.resolve();

  constructor({ transport, codec, timeoutMs }: SessionContext, origin: SessionOrigin, found?: Found) {
    this.origin = origin;
    this.#core = new SessionCore(transport, codec, found);
    this.#timeoutMs = timeoutMs;
  }

  get state(): SessionState {
    return this.#core.state.name;
  }
  get isNew(): boolean {
    return this.#core.isNew;
  }
  get token(): string | undefined {
    return this.#core.stored?.token;
  }
  get handle(): string | undefined {
    return this.#core.stored?.handle;
  }
  get created(): Date | undefined {
    return this.#core.stored?.created;
  }
  get expires(): Date | undefined {
    return this.#core.stored?.expires;
  }
  get version(): number {
    return this.#core.stored?.version ?? 0;
  }
  get subject(): string | undefined {
    const { subject, stored } = this.#core;
    return subject ? subject.value || undefined : stored?.subject;
  }
  get hasChanges(): boolean {
    return this.#core.hasChanges;
  }

  get<K extends Key<T>>(key: K): Value<T, K> | undefined;
  get<K extends Key<T>>(key: K, fallback: Value<T, K>): Value<T, K>;
  get(key: string, fallback?: unknown): unknown {
    const { fields } = this.#core;
    return fields.has(key) ? fields.get(key) : fallback;
  }

  has(key: Key<T>): boolean {
    return this.#core.fields.has(key);
  }

  set<K extends Key<T>>(key: K, value: Value<T, K>): void {
    this.#core.fields.set(key, value);
  }

  setDefault<K extends Key<T>>(key: K, value: Value<T, K>): Value<T, K> {
    return this.#core.fields.setDefault(key, value) as Value<T, K>;
  }

  update(values: Partial<T>): void {
    this.#core.fields.update(Object.entries(values).filter(([, value]) => value !== undefined));
  }

  delete(key: Key<T>): boolean {
    return this.#core.fields.delete(key);
  }

  pop<K extends Key<T>>(key: K): Value<T, K> | undefined;
  pop<K extends Key<T>>(key: K, fallback: Value<T, K>): Value<T, K>;
  pop(key: string, fallback?: unknown): unknown {
    const { fields } = this.#core;
    if (!fields.has(key)) return fallback;
    const value = fields.get(key);
    fields.delete(key);
    return value;
  }

  popItem(): Entry<T> | undefined {
    const { fields } = this.#core;
    const key = [...fields.keys()].at(-1);
    if (key === undefined) return undefined;
    const value = fields.get(key);
    fields.delete(key);
    return [key, value] as Entry<T>;
  }

  clear(): void {
    this.#core.fields.clear();
  }

  get size(): number {
    return this.#core.fields.size;
  }

  keys(): IterableIterator<Key<T>> {
    return this.#core.fields.keys() as IterableIterator<Key<T>>;
  }

  *values(): IterableIterator<Entry<T>[1]> {
    for (const [, value] of this.entries()) yield value;
  }

  *entries(): IterableIterator<Entry<T>> {
    const { fields } = this.#core;
    for (const key of fields.keys()) yield [key, fields.get(key)] as Entry<T>;
  }

  [Symbol.iterator](): IterableIterator<Entry<T>> {
    return this.entries();
  }

  toObject(): Partial<T> {
    // fromEntries defines properties, so that a key named __proto__ is one like any other.
    return Object.fromEntries(this.entries()) as Partial<T>;
  }

  changed(key?: Key<T>): void {
    const { fields } = this.#core;
    for (const each of key === undefined ? fields.keys() : [key]) fields.touch(each);
  }

  flash<Message>(message: Message & Json<Message>, { queue = '', allowDuplicate = true }: FlashOptions = {}): void {
    this.#core.flash.push(message, queue, allowDuplicate);
  }

  peekFlash<Message>(queue = '', options?: CallOptions): Promise<Message[]> {
    return this.#inTurn(options, (call) => this.#core.peekFlash(queue, call));
  }

  popFlash<Message>(queue = '', options?: CallOptions): Promise<Message[]> {
    return this.#inTurn(options, (call) => this.#core.popFlash(queue, call));
  }

  csrfToken(options?: CallOptions): Promise<string> {
    return this.#inTurn(options, async (call) => (this.#core.stored ?? (await this.#core.create(call))).csrfToken);
  }

  newCsrfToken(options?: CallOptions): Promise<string> {
    return this.#inTurn(options, (call) => this.#core.newCsrfToken(call));
  }

  checkCsrfToken(token: string | undefined): boolean {
    const { stored } = this.#core;
    if (!stored?.csrfToken || typeof token !== 'string') return false;
    // Digests are equally long, whatever was sent, as timingSafeEqual needs them.
    return timingSafeEqual(digest(token), digest(stored.csrfToken));
  }

  invalidate(options?: CallOptions): Promise<void> {
    return this.#inTurn(options, (call) => this.#core.invalidate(call));
  }

  regenerate(options?: CallOptions): Promise<void> {
    return this.#inTurn(options, (call) => this.#core.regenerate(call));
  }

  transform<K extends Key<T>>(
    key: K,
    change: (value: Value<T, K> | undefined) => Value<T, K>,
    options?: CallOptions,
  ): Promise<Value<T, K>> {
    const untyped = change as (value: unknown) => unknown;
    return this.#inTurn(options, async (call) => (await this.#core.transform(key, untyped, call)) as Value<T, K>);
  }

  setIdleTimeout(timeout: number | 'never'): void {
    assertIdleTimeout(timeout);
    this.#core.idleTimeout = { value: timeout };
  }

  setSubject(subject: string | undefined): void {
    if (subject !== undefined && typeof subject !== 'string') {
      throw new TypeError(`Expected \`subject\` to be a string or undefined, got ${typeof subject}`);
    }
    this.#core.subject = { value: subject ?? '' };
  }

  save(options?: CallOptions): Promise<void> {
    return this.#inTurn(options, (call) => this.#core.save(call));
  }

  /** Starts the clock now and the work when all calls made before have settled. */
  async #inTurn<Result>(
    options: CallOptions | undefined,
    work: (call: RunningCall) => Promise<Result>,
  ): Promise<Result> {
    const call = startCall(options, this.#timeoutMs);
    const turn = this.#lastCall.then(() => work(call));
    this.#lastCall = turn.catch(() => {});
    return turn;
  }
}

const idleTimeoutRange = { min: 1000, max: 10 * 365.25 * 24 * 3_600_000 };

function assertIdleTimeout(timeout: unknown): void {
  if (timeout === 'never') return;
  const { min, max } = idleTimeoutRange;
  if (Number.isInteger(timeout) && (timeout as number) >= min && (timeout as number) <= max) return;
  throw new RangeError(
    `Expected \`timeout\` to be 'never' or a whole number of milliseconds from ${min} to ${max}, got \`${String(timeout)}\` (${typeof timeout})`,
  );
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
