import { Redis } from 'ioredis';
import type { Limits } from '../../session/limits';
import { expiryOf } from '../../session/session';
import type { ExpiryPolicy, SessionMetadata } from '../../session/session';
import type {
  LoadedSession,
  NewSession,
  SessionRef,
  SessionStore,
  StorePart,
  UpdateOutcome,
} from '../../session/session-store';
import type { OperandProblem, SessionUpdate } from '../../session/session-update';
import type { RedisConnection } from './connection/redis-connection';
import { ClientTracking } from './near-cache/client-tracking';
import { NearCache } from './near-cache/near-cache';
import type { NearCacheObserver } from './near-cache/near-cache';
import { PlainReadWindow } from './read/plain-read-window';
import { SessionReader } from './read/session-reader';
import { encodeBody } from './record-codec';
import type { ReplicationOptions } from './replication';
import {
  mutationArguments,
  mutationResult,
  number,
  orDash,
  parseMetadata,
  text,
  updateArguments,
} from './scripts/script-codec';
import type { RawResult } from './scripts/script-codec';
import { SessionScripts, wasFound } from './scripts/session-scripts';

export interface RedisStoreOptions {
  /** A connection of the store's own, on which it defines its scripts. The store closes it. */
  readonly connection: RedisConnection;
  /** How long Redis may take for one command, in ms. */
  readonly commandTimeoutMs: number;
  readonly expiry: ExpiryPolicy;
  readonly limits: Limits;
  /** What comes before the handle in a session's key. */
  readonly keyPrefix: string;
  /** `false`: expiry is kept in the record alone and Redis gets no TTL (LRU mode). */
  readonly expireKeys: boolean;
  /** `undefined`: a change is acknowledged when the master has it. */
  readonly replication?: ReplicationOptions | undefined;
  /** `undefined`: none. Not with a Cluster, and not without `expireKeys`. */
  readonly nearCache?: NearCacheOptions | undefined;
}

export interface NearCacheOptions {
  readonly maxBytes: number;
  /** A connection to the same Redis, for invalidations only. The store closes it. */
  readonly subscriber: Redis;
  readonly observer: NearCacheObserver;
  /** Redis does not send invalidations, so nothing can be cached. */
  readonly onTrouble: (error: Error) => void;
}

/** Sessions in Redis 7 or Valkey: one string key each, every method at most one script on that key. */
export class RedisStore implements SessionStore {
  readonly #connection: RedisConnection;
  readonly #expiry: ExpiryPolicy;
  readonly #windows: PlainReadWindow;
  readonly #scripts: SessionScripts;
  readonly #reader: SessionReader;
  readonly #tracking: ClientTracking | undefined;

  constructor(options: RedisStoreOptions) {
    const { connection, expiry, keyPrefix } = options;
    const { nearCache, tracking } = openNearCache(options);
    this.#connection = connection;
    this.#expiry = expiry;
    this.#tracking = tracking;
    this.#windows = new PlainReadWindow(options);
    // What reads in flight find may be older than what the script has seen.
    this.#scripts = new SessionScripts({ ...options, onSettled: (handle) => nearCache?.forget(handle) });
    const [scripts, windows] = [this.#scripts, this.#windows];
    this.#reader = new SessionReader({ connection, scripts, windows, nearCache, expiry, keyPrefix });
  }

  get ready(): boolean {
    const { usable, parts } = this.#connection;
    return usable && parts.some(({ ready }) => ready);
  }

  get parts(): readonly StorePart[] {
    return this.#connection.parts;
  }

  async create(newSession: NewSession, deadline?: number): Promise<SessionMetadata> {
    const { content, csrfToken, idleTimeout, subject, ...ref } = newSession;
    const args = [orDash(idleTimeout), csrfToken, encodeBody(content, subject)];
    const requestedAt = performance.now();
    const [status, created] = await this.#scripts.run('create', ref, args, deadline);
    if (text(status) !== 'created') throw new Error('A session with this handle already exists.');
    const now = number(created);
    const metadata = this.#withExpiry({ version: 1, created: now, accessed: now, idleTimeout });
    this.#windows.open(ref.handle, metadata, requestedAt, now);
    return metadata;
  }

  load(ref: SessionRef, deadline?: number): Promise<LoadedSession | undefined> {
    return this.#reader.load(ref, deadline);
  }

  async update(ref: SessionRef, update: SessionUpdate, deadline?: number): Promise<UpdateOutcome> {
    if (update.idleTimeout !== undefined) this.#windows.close(ref.handle);
    const args = [...updateArguments(update), ...(update.mutations ?? []).flatMap(mutationArguments)];
    const [status, ...rest] = await this.#scripts.run('update', ref, args, deadline);
    switch (text(status)) {
      case 'updated': {
        const [metadata, ...results] = rest;
        const session = this.#withExpiry(parseMetadata(metadata));
        return { status: 'updated', session, results: (results as RawResult[]).map(mutationResult) };
      }
      case 'version_mismatch':
        return { status: 'version_mismatch', version: number(rest[0]) };
      case 'operand': {
        const problem = text(rest[1]) as OperandProblem;
        return { status: 'refused', refusal: { kind: 'operand', mutation: number(rest[0]), problem } };
      }
      case 'limit':
        return { status: 'refused', refusal: { kind: 'limit', limit: text(rest[0]) as keyof Limits } };
      default:
        wasFound(text(status), ref);
        return { status: 'not_found' };
    }
  }

  async delete(ref: SessionRef, deadline?: number): Promise<boolean> {
    const [status] = await this.#scripts.run('delete', ref, [], deadline);
    return wasFound(text(status), ref);
  }

  close(): Promise<void> {
    this.#tracking?.close();
    this.#connection.close();
    return Promise.resolve();
  }

  #withExpiry(metadata: Omit<SessionMetadata, 'expires'>): SessionMetadata {
    return { ...metadata, expires: expiryOf(this.#expiry, metadata) };
  }
}

function openNearCache({ connection: { client }, keyPrefix, nearCache: options }: RedisStoreOptions): {
  readonly nearCache?: NearCache;
  readonly tracking?: ClientTracking;
} {
  if (options === undefined || !(client instanceof Redis)) return {};
  const { maxBytes, observer, subscriber, onTrouble } = options;
  const nearCache = new NearCache({ maxBytes, keyPrefix, observer });
  return { nearCache, tracking: new ClientTracking({ data: client, subscriber, listener: nearCache, onTrouble }) };
}
