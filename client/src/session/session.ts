import type { CallOptions } from '../transport/call-options';
import type { Json } from './json';

export type Key<T> = keyof T & string;
export type Value<T, K extends keyof T> = Exclude<T[K], undefined>;
export type Entry<T> = { [K in Key<T>]-?: [key: K, value: Value<T, K>] }[Key<T>];

/**
 * What open() found.
 *
 * - `none`: there was no token.
 * - `found`: the session of the token.
 * - `not_found`: a genuine token whose session has expired, was invalidated, or had its token replaced.
 * - `token_invalid`: the token was not issued by this deployment.
 */
export type SessionOrigin = 'none' | 'found' | 'not_found' | 'token_invalid';

/**
 * - `new`: nothing is stored and there is no token. The object is fully usable; the first save() that has something to store
 *   creates the session and makes it `stored`.
 * - `stored`: the sidecar has the session, as far as is known. invalidate() makes it `invalidated`.
 * - `invalidated`: the session has ended. The object is empty and works like a `new` one.
 */
export type SessionState = 'new' | 'stored' | 'invalidated';

export interface FlashOptions {
  /** The name of the queue, up to 256 bytes of UTF-8 without control characters. Default: the empty string, the default queue. */
  readonly queue?: string | undefined;
  /**
   * Whether to add the message even if the queue already has an equal one. Messages are compared by value, whichever language has written
   * them: the order of keys and the spelling of numbers and strings do not count. Default: true.
   */
  readonly allowDuplicate?: boolean | undefined;
}

/** Options of {@link ISession.save}. */
export interface SaveOptions extends CallOptions {
  /**
   * What happens if another request has changed the session since it was loaded or last saved. `merge`: the changes are applied
   * to what is stored now; keys that were not changed here keep what the other request has written. `fail`: save() rejects with
   * VERSION_MISMATCH and stores nothing; reload() and apply the changes again. Default: `merge`.
   */
  readonly onConflict?: 'merge' | 'fail' | undefined;
}

/** Options of {@link ISession.regenerate}. */
export interface RegenerateOptions extends CallOptions {
  /**
   * For how long the old token still finds the session, in milliseconds from 1 to 30,000, so that requests that the browser has
   * already sent with it are not signed out. Not for logins: regenerate() rejects with INVALID_ARGUMENT if the subject is changed, too.
   * A later change of the subject and another regenerate() end it. Default: the old token is invalid at once.
   */
  readonly grace?: number | undefined;
  /**
   * For logins, which a double click sends twice. Whether to go on with a new session if this one has ended meanwhile, or another request
   * has replaced its token: one that holds only what was set on this object and not saved yet, its unsaved messages, idle timeout,
   * subject and label included. Nothing that was loaded is in it, so set only what this request itself has proved, not what it has read
   * from the session. If there is nothing unsaved, rejects all the same. Default: false, because a logout is final.
   */
  readonly orCreate?: boolean | undefined;
}

/**
 * One visitor's session: a dictionary from the keys of `T` to JSON values, loaded when it was opened. A key has 1 to 256 bytes
 * of UTF-8 without control characters; setting another throws a TypeError.
 *
 * Reads and writes are synchronous. Writes are recorded; save() sends only these, as operations that the sidecar applies
 * atomically to the session's current content, so parallel requests that write other keys lose nothing. Values are returned by
 * reference, not copied: save() detects those that were changed in place and sends each as a whole. Use transform() where
 * parallel requests change the same value.
 *
 * Methods that call the sidecar return a promise, take {@link CallOptions} last and reject with a SessionError. Changes stay
 * recorded until a save succeeds. Calls of one object run one after another, in the order they were made. Saves and pops that are
 * made without awaiting anything in between, and without options, are sent as one call; each has its own outcome.
 */
export interface ISession<T extends object> {
  readonly state: SessionState;
  /** What open() found, for logs. create() gives `none`. */
  readonly origin: SessionOrigin;
  /** Whether the visitor came without a session, or the session was invalidated since. Saving does not change it. */
  readonly isNew: boolean;
  /** The secret that identifies the session in later requests. `undefined` unless stored. */
  readonly token: string | undefined;
  /** The session's public id, safe to log. regenerate() keeps it. `undefined` unless stored. */
  readonly handle: string | undefined;
  /** When the session was created. `undefined` unless stored. */
  readonly created: Date | undefined;
  /** When the session expires if it is not used again, as last reported by the sidecar. `undefined`: never, or not stored. */
  readonly expires: Date | undefined;
  /** Incremented by every change from any client; as last reported by the sidecar. 0 unless stored. */
  readonly version: number;
  /**
   * The number of the lease that the session was opened under by withLock(); later leases of the session have greater ones. Pass
   * it to other systems that can reject what comes from an earlier lease. `undefined` without a lease.
   */
  readonly fence: number | undefined;
  /** The owner of the session, including an unsaved setSubject(). `undefined`: none. */
  readonly subject: string | undefined;
  /** What describes the session to its owner, including an unsaved setLabel(). `undefined`: nothing. */
  readonly label: string | undefined;
  /** Whether save() has anything to send. Encodes the values that were read, to detect changes in place. */
  readonly hasChanges: boolean;

  /** Returns the value at a key, or `undefined`. */
  get<K extends Key<T>>(key: K): Value<T, K> | undefined;
  /** Returns the value at a key, or `fallback`, which is not stored. */
  get<K extends Key<T>>(key: K, fallback: Value<T, K>): Value<T, K>;
  has(key: Key<T>): boolean;
  /** @throws TypeError naming the path, such as `cart[2].when`, of anything that JSON cannot hold. */
  set<K extends Key<T>>(key: K, value: Value<T, K>): void;
  /**
   * Returns the value at a key. If there is none, sets `value`, unless another request sets one first: after save(), the key
   * has the value that won. If `value` is changed in place before save(), it is stored unconditionally.
   */
  setDefault<K extends Key<T>>(key: K, value: Value<T, K>): Value<T, K>;
  /**
   * Sets every property of `values` that is not `undefined`.
   *
   * @throws TypeError if JSON cannot hold one of them; then none is set.
   */
  update(values: Partial<T>): void;
  /** Removes a key. Returns whether it existed. */
  delete(key: Key<T>): boolean;
  /** Removes a key and returns its value, or `undefined`. */
  pop<K extends Key<T>>(key: K): Value<T, K> | undefined;
  /** Removes a key and returns its value, or `fallback`. */
  pop<K extends Key<T>>(key: K, fallback: Value<T, K>): Value<T, K>;
  /** Removes the last key and returns it with its value. Returns `undefined` if the session is empty. */
  popItem(): Entry<T> | undefined;
  /** Removes every key, including those that other requests add before save(). Keeps flash messages, CSRF token and subject. */
  clear(): void;
  readonly size: number;
  keys(): IterableIterator<Key<T>>;
  values(): IterableIterator<Entry<T>[1]>;
  entries(): IterableIterator<Entry<T>>;
  [Symbol.iterator](): IterableIterator<Entry<T>>;
  /** Returns a new object with all keys. The values are not copied. */
  toObject(): Partial<T>;
  /** Makes save() send the value at a key, or all values, even if unchanged. Changes in place are detected without it. */
  changed(key?: Key<T>): void;

  /** Adds a message for a later page, usually the one after a redirect. Stored by save(). */
  flash<Message>(message: Message & Json<Message>, options?: FlashOptions): void;
  /**
   * Returns the messages of a queue, oldest first, including unsaved ones, without removing them. Calls the sidecar only if the
   * queue had messages when the session was loaded.
   */
  peekFlash<Message = unknown>(queue?: string, options?: CallOptions): Promise<Message[]>;
  /**
   * Like peekFlash(), and removes the messages. No two requests get the same message. Together with save() or with pops of other
   * queues, `await Promise.all([session.popFlash(), session.save()])`, it is one call to the sidecar.
   */
  popFlash<Message = unknown>(queue?: string, options?: CallOptions): Promise<Message[]>;

  /**
   * Returns the CSRF token that the application's forms must carry. Creates a session that is not stored, because only stored
   * sessions have a token; otherwise does not call the sidecar.
   */
  csrfToken(options?: CallOptions): Promise<string>;
  /** Replaces the CSRF token, so that forms with the old one are rejected. */
  newCsrfToken(options?: CallOptions): Promise<string>;
  /** Compares with the CSRF token as loaded, in constant time. False unless the session is stored. */
  checkCsrfToken(token: string | undefined): boolean;

  /**
   * Ends the session at once and discards unsaved changes. Requests that still run with the old token cannot restore it. The
   * object then works like a new session. Call it at logout.
   */
  invalidate(options?: CallOptions): Promise<void>;
  /**
   * Replaces the token and the CSRF token, and saves, in one atomic step. The old token is invalid at once, unless
   * {@link RegenerateOptions.grace} is set. Call it whenever
   * the visitor's privileges change, above all at login, after writing what changes them (OWASP: session fixation). Has no
   * effect on a session that is not stored: it gets a fresh token anyway. Rejects with SESSION_NOT_FOUND if the session has ended
   * meanwhile, or another request has replaced its token, unless {@link RegenerateOptions.orCreate} is set.
   */
  regenerate(options?: RegenerateOptions): Promise<void>;
  /**
   * Atomically replaces the value at a key with the result of `change`, so that no parallel change to it is lost. `change`
   * must be synchronous and return the new value. It is called again with the current value if another request came first, or if it
   * threw for a value that may be outdated. The result is stored when the promise resolves, without save().
   *
   * On a session that is not stored, this is set(). If the key has unsaved changes, `change` gets the unsaved value, and all
   * unsaved changes are saved.
   *
   * Rejects with VERSION_MISMATCH after 50 lost races.
   */
  transform<K extends Key<T>>(
    key: K,
    change: (value: Value<T, K> | undefined) => Value<T, K>,
    options?: CallOptions,
  ): Promise<Value<T, K>>;
  /**
   * Sets how long this session lives without being used, in milliseconds from 1 second to 10 years. Sent by save(), but does
   * not by itself make save() create a session.
   *
   * @throws RangeError for any other timeout
   */
  setIdleTimeout(timeout: number | 'never'): void;
  /** Sets the owner of the session, for example a user id; `undefined`: none. Sent by save(). */
  setSubject(subject: string | undefined): void;
  /**
   * Sets what describes the session to its owner in a list of sessions, for example the device and the address: 1 to 256 bytes of UTF-8
   * without control characters; `undefined`: nothing. Sent by save(), but does not by itself make save() create a session.
   */
  setLabel(label: string | undefined): void;
  /**
   * Stores the changes since the session was loaded or last saved, in one call and one atomic step. Creates the session if it
   * is not stored. Does nothing if nothing changed. Rejects with SESSION_NOT_FOUND if the session has ended meanwhile, with
   * VERSION_MISMATCH as {@link SaveOptions.onConflict} says, and with LEASE_LOST if the lease of withLock() has ended.
   */
  save(options?: SaveOptions): Promise<void>;
  /**
   * Loads the session again and discards unsaved changes. A session that is not stored becomes empty. Rejects with
   * SESSION_NOT_FOUND if the session has ended meanwhile; then nothing is discarded.
   */
  reload(options?: CallOptions): Promise<void>;
}
