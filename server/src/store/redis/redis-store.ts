import { Redis } from 'ioredis';
import type { OperandProblem, SessionUpdate } from '../../session/session-update';
import { SessionError, storeFull, storeUnavailable, UnreadableRecordError } from '../../session/errors';
import type { Limits } from '../../session/limits';
import { expiryOf, touchIntervalOf } from '../../session/session';
import type { ExpiryPolicy, SessionRecord, SessionMetadata } from '../../session/session';
import type {
  LoadedSession,
  NewSession,
  SessionRef,
  SessionStore,
  StorePart,
  UpdateOutcome,
} from '../../session/session-store';
import { batchReads } from './read/mget-batcher';
import type { Read } from './read/mget-batcher';
import { codeOf } from './connection/heartbeat';
import type { RedisConnection } from './connection/redis-connection';
import { ClientTracking } from './near-cache/client-tracking';
import { NearCache } from './near-cache/near-cache';
import type { NearCacheObserver, Reading } from './near-cache/near-cache';
import { PlainReadWindow } from './read/plain-read-window';
import { Replication } from './replication';
import type { ReplicationOptions } from './replication';
import { decodeRecord, encodeBody } from './record-codec';
import type { DecodedRecord } from './record-codec';
import { defineScripts } from './scripts/script-runner';
import type { RunScript, ScriptReply } from './scripts/script-runner';
import type { ScriptName } from './scripts/script-sources';
import {
  updateArguments,
  number,
  mutationArguments,
  mutationResult,
  orDash,
  parseMetadata,
  text,
} from './scripts/script-codec';
import type { RawResult } from './scripts/script-codec';

export interface RedisStoreOptions {
  /** A connection of the store's own, since it learns this store's scripts. The store closes it. */
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
  /** A connection to the same Redis for nothing else than its messages. The store closes it. */
  readonly subscriber: Redis;
  readonly observer: NearCacheObserver;
  /** Redis does not tell of changes, so nothing can be cached. */
  readonly onTrouble: (error: Error) => void;
}

/** Sessions in Redis 7 or Valkey: one string key each, every method one script on that key. */
export class RedisStore implements SessionStore {
  readonly #options: RedisStoreOptions;
  readonly #runScript: RunScript;
  readonly #read: Read;
  readonly #plainReads = new PlainReadWindow();
  readonly #replication: Replication | undefined;
  readonly #nearCache: NearCache | undefined;
  readonly #tracking: ClientTracking | undefined;

  constructor(options: RedisStoreOptions) {
    this.#options = options;
    const { connection, keyPrefix, nearCache, replication } = options;
    const { client } = connection;
    if (nearCache !== undefined && client instanceof Redis) {
      const { maxBytes, observer, subscriber, onTrouble } = nearCache;
      this.#nearCache = new NearCache({ maxBytes, keyPrefix, observer });
      this.#tracking = new ClientTracking({ data: client, subscriber, listener: this.#nearCache, onTrouble });
    }
    this.#runScript = defineScripts(client, options);
    this.#read = batchReads(client);
    this.#replication = replication && new Replication(replication);
  }

  get ready(): boolean {
    const { usable, parts } = this.#options.connection;
    return usable && parts.some(({ ready }) => ready);
  }

  get parts(): readonly StorePart[] {
    return this.#options.connection.parts;
  }

  async create(newSession: NewSession, deadline?: number): Promise<SessionMetadata> {
    const { content, csrfToken, idleTimeout, subject, ...ref } = newSession;
    const args = [orDash(idleTimeout), csrfToken, encodeBody(content, subject)];
    const asked = performance.now();
    const [status, created] = await this.#run('create', ref, args, deadline);
    if (text(status) !== 'created') throw new Error('A session with this handle already exists.');
    const now = number(created);
    const state = this.#metadataOf({ version: 1, created: now, accessed: now, idleTimeout });
    this.#remember(ref, state, asked, now);
    return state;
  }

  load(ref: SessionRef, deadline?: number): Promise<LoadedSession | undefined> {
    const nearCache = this.#nearCache;
    const recent = this.#plainReads.find(ref.handle);
    if (recent === undefined) return this.#loadByScript(ref, deadline);
    if (!this.#options.connection.usable) return Promise.reject(storeUnavailable(false));
    if (nearCache === undefined) return this.#loadPlainly(ref, recent.idleTimeout, deadline);
    const session = nearCache.find(ref.handle, ref.secretHash);
    if (session !== undefined) return Promise.resolve({ session, touched: false });
    const reading = nearCache.begin(ref.handle);
    return this.#loadPlainly(ref, recent.idleTimeout, deadline, reading).finally(() => {
      reading.end();
    });
  }

  async #loadByScript(ref: SessionRef, deadline: number | undefined): Promise<LoadedSession | undefined> {
    const asked = performance.now();
    const [status, record, time, touched] = await this.#run('load', ref, [], deadline);
    if (!this.#exists(ref, text(status))) return undefined;
    const decoded = decodeRecord(record as Buffer);
    if (decoded === undefined) throw new UnreadableRecordError(ref.handle, 'damaged');
    const now = number(time);
    const session = this.#sessionOf(ref, touched === undefined ? decoded : { ...decoded, accessed: now });
    this.#remember(ref, session, asked, now);
    return { session, touched: touched !== undefined };
  }

  /** @param asked when Redis was asked, by this process's clock; by that of Redis, it was no later than `now`. */
  #remember(
    { handle }: SessionRef,
    { accessed, idleTimeout, expires }: SessionMetadata,
    asked: number,
    now: number,
  ): void {
    // Without TTLs, only a script knows whether a session has ended.
    if (!this.#options.expireKeys) return;
    const touchDue = accessed + touchIntervalOf(this.#options.expiry, idleTimeout);
    this.#plainReads.remember(handle, idleTimeout, asked, Math.min(touchDue, expires ?? Infinity) - now);
  }

  /** @param reading who may keep what is read */
  async #loadPlainly(
    ref: SessionRef,
    idleTimeout: number | undefined,
    deadline: number | undefined,
    reading?: Reading,
  ): Promise<LoadedSession | undefined> {
    let record: Buffer | null;
    try {
      record = await this.#read(this.#options.keyPrefix + ref.handle);
    } catch (error) {
      throw this.#failure('load', ref.handle, error);
    }
    if (record === null) {
      this.#plainReads.forget(ref.handle);
      return undefined;
    }
    // What is kept must not keep all else that came from Redis at the same time.
    const decoded = decodeRecord(reading === undefined ? record : unpooledCopy(record));
    // The script knows better what is wrong with it, and whether another idle timeout makes an access due.
    if (decoded === undefined || decoded.idleTimeout !== idleTimeout) return this.#loadByScript(ref, deadline);
    const session = this.#sessionOf(ref, decoded);
    reading?.keep({ session, secretHash: decoded.secretHash }, record.length);
    // Not in constant time, because nobody can choose what the hash of a secret begins with.
    return decoded.secretHash === ref.secretHash ? { session, touched: false } : undefined;
  }

  #sessionOf({ handle }: SessionRef, record: DecodedRecord): SessionRecord {
    const { csrfToken, subject, content, created, accessed, idleTimeout, version } = record;
    const { data, flash } = content;
    const expires = expiryOf(this.#options.expiry, record);
    // Written out because a spread takes several times as long, and this is done for every read.
    return { handle, csrfToken, subject, data, flash, created, accessed, idleTimeout, expires, version };
  }

  async update(ref: SessionRef, change: SessionUpdate, deadline?: number): Promise<UpdateOutcome> {
    if (change.idleTimeout !== undefined) this.#plainReads.forget(ref.handle);
    const args = [...updateArguments(change), ...(change.mutations ?? []).flatMap(mutationArguments)];
    const [status, ...rest] = await this.#run('update', ref, args, deadline);
    switch (text(status)) {
      case 'updated': {
        const [state, ...results] = rest;
        const session = this.#metadataOf(parseMetadata(state));
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
        this.#exists(ref, text(status));
        return { status: 'not_found' };
    }
  }

  async delete(ref: SessionRef, deadline?: number): Promise<boolean> {
    const [status] = await this.#run('delete', ref, [], deadline);
    return this.#exists(ref, text(status));
  }

  async close(): Promise<void> {
    this.#tracking?.close();
    this.#options.connection.close();
    return Promise.resolve();
  }

  /** @param deadline when the caller stops waiting, by `performance.now()` */
  async #run(
    script: ScriptName,
    { handle, secretHash }: SessionRef,
    args: readonly (string | Buffer)[],
    deadline = Infinity,
  ): Promise<ScriptReply> {
    const key = this.#options.keyPrefix + handle;
    const givenUpAt = Math.min(deadline, performance.now() + this.#options.commandTimeoutMs);
    try {
      const reply = await this.#runBefore(givenUpAt, script, key, secretHash, args);
      // Where Redis's clock was stepped, its time has been learned from the reply. Nothing was done, so it can be tried again.
      return reply ?? (await this.#runBefore(givenUpAt, script, key, secretHash, args)) ?? tooLate();
    } catch (error) {
      throw this.#failure(script, handle, error);
    } finally {
      // What reads found until now, and what those under way will find, may be older.
      this.#nearCache?.forget(handle);
    }
  }

  /** @returns `undefined` when Redis got to the script after `givenUpAt`, and so did nothing. */
  async #runBefore(
    givenUpAt: number,
    script: ScriptName,
    key: string,
    secretHash: string,
    args: readonly (string | Buffer)[],
  ): Promise<ScriptReply | undefined> {
    // Asked before sending, because afterwards it is not known whether the command left.
    const server = this.#options.connection.serverOf(key) ?? away();
    const { client, clock } = server;
    if (!clock.isKnown) await server.beat();
    const sentAt = performance.now();
    if (!clock.isKnown || sentAt >= givenUpAt) throw storeUnavailable(false);
    const sent = this.#replication?.sending(client);
    const reply = await this.#runScript(script, key, [secretHash, String(clock.lastBefore(givenUpAt)), ...args]);
    const status = text(reply[0]);
    if (status === 'late') {
      clock.observe(sentAt, performance.now(), number(reply[1]));
      return undefined;
    }
    if (sent !== undefined && changes.has(status)) await this.#replication?.confirm(sent);
    return reply;
  }

  #failure(script: ScriptName, handle: string, error: unknown): unknown {
    if (error instanceof SessionError) return error;
    const code = codeOf(error);
    if (code === undefined) return storeUnavailable(script !== 'load', error);
    if (code === 'OOM') return storeFull(error);
    if (code === 'WRONGTYPE') return new UnreadableRecordError(handle, 'foreign_type');
    if (unavailableCodes.has(code)) return storeUnavailable(false, error);
    return error;
  }

  /** @throws UnreadableRecordError when there is a record, but none that can be read. */
  #exists({ handle }: SessionRef, status: string): boolean {
    if (status === 'damaged' || status === 'newer_format') throw new UnreadableRecordError(handle, status);
    return status !== 'not_found';
  }

  #metadataOf({ created, accessed, idleTimeout, version }: Omit<SessionMetadata, 'expires'>): SessionMetadata {
    const expires = expiryOf(this.#options.expiry, { created, accessed, idleTimeout });
    return { created, accessed, idleTimeout, version, expires };
  }
}

/** What the scripts reply when they have changed something. */
const changes = new Set(['created', 'updated', 'deleted']);

/** Small Buffers share the memory of a pool, all of which one of them keeps from being freed. */
function unpooledCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

function away(): never {
  throw storeUnavailable(false);
}

function tooLate(): never {
  throw storeUnavailable(false, new Error('Redis ran the script after its deadline.'));
}

/** Redis answers, but not with what was asked, and will later. It executed nothing. */
const unavailableCodes = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'NOAUTH',
  'NOPERM',
  'NOREPLICAS',
  'READONLY',
  'TRYAGAIN',
]);
