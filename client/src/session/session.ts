import type { CallOptions } from '../transport/call-options';
import type { Json } from './json';

export type Key<T> = keyof T & string;
export type Value<T, K extends keyof T> = Exclude<T[K], undefined>;
export type Entry<T> = { [K in Key<T>]-?: [key: K, value: Value<T, K>] }[Key<T>];

/** What came of looking for the session of a token: there was `none` to look for, or the session was found, or why not. */
export type SessionOrigin = 'none' | 'found' | 'not_found' | 'token_invalid';

/**
 * - `new`: nothing is stored and there is no token. All of the session can be used; the first save() that has something
 *   to store creates it and makes it `stored`.
 * - `stored`: the session is in the sidecar, or was when last heard of. invalidate() makes it `invalidated`.
 * - `invalidated`: the session that this object stood for has ended. The object is empty and works like a `new` one.
 */
export type SessionState = 'new' | 'stored' | 'invalidated';

export interface FlashOptions {
  /** The name of the queue. Default: the empty string, the default queue. */
  readonly queue?: string | undefined;
  /** Whether to add the message also when the same one waits in the queue. Default: true. */
  readonly allowDuplicate?: boolean | undefined;
}

/**
 * One visitor's session: a dictionary from the keys of `T` to values that JSON can hold, loaded when it was opened.
 *
 * Reading and writing are synchronous. Writes are recorded, and save() sends them, and only them, as operations that the
 * sidecar applies in one step to whatever the session holds by then: parallel requests that write to other keys lose
 * nothing. Values are handed out as they are, not as copies; save() finds and sends those that were changed inside, each
 * as a whole. Where parallel requests change the same value, use transform().
 *
 * What asks the sidecar returns a promise, takes {@link CallOptions} last and rejects with a SessionError. Until a save
 * has succeeded all changes stay recorded. Such calls of one object run one after another, in the order they were made.
 */
export interface ISession<T extends object> {
  readonly state: SessionState;
  /** What open() found; for logs. create() gives `none`. */
  readonly origin: SessionOrigin;
  /** Whether the visitor came without a session, or it was invalidated since. Stays true when it is saved. */
  readonly isNew: boolean;
  /** The secret that names the session in every later request. `undefined` unless stored. */
  readonly token: string | undefined;
  /** The session's public id, fit for logs; regenerate() keeps it. `undefined` unless stored. */
  readonly handle: string | undefined;
  /** `undefined` unless stored. */
  readonly created: Date | undefined;
  /** When the session ends if nobody uses it again, as last told by the sidecar. `undefined`: never, or not stored. */
  readonly expires: Date | undefined;
  /** Grows with every change, whoever makes it; as last told by the sidecar. 0 unless stored. */
  readonly version: number;
  /** Who the session belongs to, with an unsaved setSubject() applied. `undefined`: nobody in particular. */
  readonly subject: string | undefined;
  /** Whether save() has anything to send. Compares values that were handed out, so it costs about as much as encoding them. */
  readonly hasChanges: boolean;

  /** The value at a key; `undefined` if there is none. */
  get<K extends Key<T>>(key: K): Value<T, K> | undefined;
  /** The value at a key, or `fallback`, which is not stored. */
  get<K extends Key<T>>(key: K, fallback: Value<T, K>): Value<T, K>;
  has(key: Key<T>): boolean;
  /** Throws a TypeError that names the place if the value holds something JSON cannot. */
  set<K extends Key<T>>(key: K, value: Value<T, K>): void;
  /**
   * The value at a key; if there is none, `value`, which is then stored unless another request stores one first: after
   * save() the key holds the one that won. A default that is changed inside before save() is stored like a set() one.
   */
  setDefault<K extends Key<T>>(key: K, value: Value<T, K>): Value<T, K>;
  /** Sets every property of `values` that is not `undefined`; all or, when one is not JSON, none. */
  update(values: Partial<T>): void;
  /** Removes a key; tells whether it was there. */
  delete(key: Key<T>): boolean;
  /** Removes a key and returns its value, or `fallback`. */
  pop<K extends Key<T>>(key: K): Value<T, K> | undefined;
  pop<K extends Key<T>>(key: K, fallback: Value<T, K>): Value<T, K>;
  /** Removes the last key and returns it with its value; `undefined` if there is none. */
  popItem(): Entry<T> | undefined;
  /** Removes every key, those that other requests add before save() too. Flash messages, CSRF token and subject stay. */
  clear(): void;
  readonly size: number;
  keys(): IterableIterator<Key<T>>;
  values(): IterableIterator<Entry<T>[1]>;
  entries(): IterableIterator<Entry<T>>;
  [Symbol.iterator](): IterableIterator<Entry<T>>;
  /** A new object with all keys and the values themselves. */
  toObject(): Partial<T>;
  /**
   * Makes save() send the value at a key, or all values, even if nothing changed. Changes inside values are found without it.
   */
  changed(key?: Key<T>): void;

  /** Adds a message for a later page, usually the one after a redirect. Stored by save(). */
  flash<Message>(message: Message & Json<Message>, options?: FlashOptions): void;
  /**
   * The messages of a queue, oldest first, those not saved yet included; they stay. Asks the sidecar only when messages
   * were waiting in the queue when the session was loaded.
   */
  peekFlash<Message = unknown>(queue?: string, options?: CallOptions): Promise<Message[]>;
  /** As peekFlash(), and takes the messages out. Each is given to exactly one request. */
  popFlash<Message = unknown>(queue?: string, options?: CallOptions): Promise<Message[]>;

  /** The token that forms have to carry. Stores the session, because a new one has no token; otherwise asks nobody. */
  csrfToken(options?: CallOptions): Promise<string>;
  /** Replaces the CSRF token; forms that carry the old one are refused from now on. */
  newCsrfToken(options?: CallOptions): Promise<string>;
  /** Compares with the CSRF token as loaded, in constant time. False unless the session is stored. */
  checkCsrfToken(token: string | undefined): boolean;

  /**
   * Ends the session for good, at once, together with unsaved changes. The object then works like a new session. A
   * request that still runs with the old token cannot bring it back. Call it at logout.
   */
  invalidate(options?: CallOptions): Promise<void>;
  /**
   * Replaces token and CSRF token and saves, in one step. The old token is dead at once. Call it whenever the visitor's
   * privileges change, above all at login, after writing what changes them. Does nothing on a session that is not stored:
   * its token will be fresh.
   */
  regenerate(options?: CallOptions): Promise<void>;
  /**
   * Replaces the value at a key by what `change` makes of it, in one atomic step: nothing that parallel requests do to it
   * is lost. `change` must be synchronous and return the new value; it is called again with the newer value when another
   * request came first. Stored when the promise resolves, independently of save(). On a session that is not stored yet, a
   * set(). If the key has unsaved changes, `change` gets the unsaved value, and everything unsaved is saved.
   */
  transform<K extends Key<T>>(
    key: K,
    change: (value: Value<T, K> | undefined) => Value<T, K>,
    options?: CallOptions,
  ): Promise<Value<T, K>>;
  /**
   * How long this session lives unused, in milliseconds, 1 second to 10 years. Sent by save(); alone it does not make a
   * new session be stored.
   */
  setIdleTimeout(timeout: number | 'never'): void;
  /** Who the session belongs to, for example a user id; `undefined`: nobody. Sent by save(). */
  setSubject(subject: string | undefined): void;
  /**
   * Stores what changed since the session was loaded or saved, in one call and one atomic step. Creates the session if
   * there is none yet. Does nothing when nothing changed. Rejects with SESSION_NOT_FOUND when the session ended meanwhile.
   */
  save(options?: CallOptions): Promise<void>;
}
