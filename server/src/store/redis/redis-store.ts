import { Redis } from 'ioredis';
import type { ChangeFeed } from '../../session/change-feed';
import { sessionExists, UnreadableRecordError } from '../../session/errors';
import type { RecordProblem } from '../../session/errors';
import { expiryOf } from '../../session/session';
import type { ExpiryPolicy, SessionMetadata } from '../../session/session';
import type {
  AcquireOutcome,
  LeaseRequest,
  LoadedSession,
  NewSession,
  SessionRef,
  SessionStore,
  StorePart,
  SubjectPage,
  SubjectPageRequest,
  SubjectSelection,
  UnchangedSession,
  UpdateOutcome,
} from '../../session/session-store';
import type { SessionUpdate } from '../../session/session-update';
import { toAttributes } from '../attributes';
import { SessionCodec } from './encryption/session-codec';
import { SessionRewriter } from './encryption/session-rewriter';
import type { RedisConnection } from './connection/redis-connection';
import { RedisChangeFeed } from './change-feed/redis-change-feed';
import { NearCache } from './near-cache/near-cache';
import { PlainReadWindow } from './read/plain-read-window';
import { SessionReader } from './read/session-reader';
import { concernsEvents } from './events/event-recorder';
import { RedisInventory } from './inventory/redis-inventory';
import type { RedisStoreOptions } from './redis-store-options';
import {
  isByPrevious,
  mutationResult,
  number,
  orDash,
  parseMetadata,
  parseRefusal,
  parseVersion,
  text,
  utf8,
} from './scripts/script-codec';
import type { IndexedSubject, RawResult } from './scripts/script-codec';
import type { ScriptReply } from './scripts/script-runner';
import { SessionScripts, wasFound } from './scripts/session-scripts';
import { TimedScripts } from './scripts/timed-scripts';
import { SubjectIndex } from './subjects/subject-index';
import { SubjectSessions } from './subjects/subject-sessions';
import { SessionLeases } from './session-leases';
import { UpdateRunner } from './update-runner';

/**
 * Sessions in Redis 7 or Valkey: one string key each, every step one script on that key. Sessions with a subject are in the index of
 * their subject, too.
 */
export class RedisStore implements SessionStore {
  readonly inventory: RedisInventory;
  readonly #connection: RedisConnection;
  readonly #expiry: ExpiryPolicy;
  readonly #windows: PlainReadWindow;
  readonly #scripts: SessionScripts;
  readonly #reader: SessionReader;
  readonly #subjects: SubjectSessions;
  readonly #codec: SessionCodec;
  readonly #updates: UpdateRunner;
  readonly #leases: SessionLeases;
  readonly #feed: RedisChangeFeed | undefined;
  readonly #events: RedisStoreOptions['events'];
  readonly #onUnreadableDeleted: RedisStoreOptions['onUnreadableDeleted'];

  constructor(options: RedisStoreOptions) {
    const { connection, expiry, keyPrefix } = options;
    const feed = openFeed(options);
    const nearCache = feed && options.nearCache && new NearCache({ ...options.nearCache, feed });
    this.#connection = connection;
    this.#expiry = expiry;
    this.#feed = feed;
    this.#events = options.events;
    this.#onUnreadableDeleted = options.onUnreadableDeleted;
    this.#windows = new PlainReadWindow(options);
    const timed = new TimedScripts(options);
    this.#scripts = new SessionScripts({
      scripts: timed,
      keyPrefix,
      isTracked: () => feed?.isTracking === true,
      listener: {
        onRun: (handle) => nearCache?.forget(handle),
        onChanged: (handle, version) => feed?.changed(handle, version),
        onReplacedToken: (handle) => {
          options.onReplacedToken?.(handle);
          void options.events?.recorder.replacedTokenUsed(handle);
        },
      },
    });
    const codec = new SessionCodec(options.encryption?.keys, options.encryption?.observer);
    const [scripts, windows, hasFeed] = [this.#scripts, this.#windows, feed !== undefined];
    const rewriter = new SessionRewriter({ ...options, scripts, codec });
    this.#codec = codec;
    this.#updates = new UpdateRunner({ ...options, scripts, codec, rewriter });
    this.#subjects = new SubjectSessions({
      ...options,
      scripts,
      codec,
      index: new SubjectIndex({ scripts: timed, keyPrefix }),
      limit: options.subjectLimit,
      observer: options.subjects,
      onEnded: (reason, handle, session) => this.#events?.recorder.ended('revoked', reason, handle, session),
    });
    this.inventory = new RedisInventory({
      ...options,
      ...{ scripts, codec },
      onRevoked: async (handle, reason, session) => {
        this.#subjects.deleted(handle, session.subject);
        await this.#events?.recorder.ended('revoked', reason, handle, session);
      },
    });
    const onOutdated = (ref: SessionRef, record: Buffer): void => rewriter.renew(ref, record);
    this.#reader = new SessionReader({
      ...{ connection, scripts, codec, windows, nearCache, hasFeed, expiry, keyPrefix, onOutdated },
    });
    this.#leases = new SessionLeases({ scripts, codec, reader: this.#reader, subjects: this.#subjects });
  }

  get ready(): boolean {
    const { usable, parts } = this.#connection;
    return usable && parts.some(({ ready }) => ready);
  }

  get changes(): ChangeFeed | undefined {
    return this.#feed;
  }

  get parts(): readonly StorePart[] {
    return this.#connection.parts;
  }

  create(session: NewSession, deadline?: number): Promise<SessionMetadata> {
    return this.#subjects.creating(session, (until) => this.#create(session, until), deadline);
  }

  async #create(newSession: NewSession, deadline?: number): Promise<SessionMetadata> {
    const { content, csrfToken, idleTimeout, reusesHandle = false, ...ref } = newSession;
    const encoded = this.#codec.encode(ref.handle, csrfToken, content, toAttributes(newSession));
    const { format, csrfTokenOrKeyId, body } = encoded;
    const args = [orDash(idleTimeout), csrfTokenOrKeyId, body, reusesHandle ? '1' : '', String(format)];
    const requestedAt = performance.now();
    const [status, created, version] = await this.#scripts.run('create', ref, args, deadline);
    if (text(status) !== 'created') throw sessionExists();
    const now = number(created);
    const metadata = this.#withExpiry({ version: number(version), created: now, accessed: now, idleTimeout });
    await this.#events?.recorder.created(ref.handle, metadata, newSession.subject);
    this.#windows.open(ref.handle, metadata, requestedAt, now, body.length);
    return metadata;
  }

  async load(ref: SessionRef, deadline?: number): Promise<LoadedSession | undefined> {
    const loaded = await this.#reader.load(ref, deadline);
    this.#subjects.loaded(loaded);
    return loaded;
  }

  async validate(
    ref: SessionRef,
    held: Buffer,
    deadline?: number,
  ): Promise<LoadedSession | UnchangedSession | undefined> {
    const loaded = await this.#reader.validate(ref, held, deadline);
    if (loaded !== undefined && 'session' in loaded) this.#subjects.loaded(loaded);
    return loaded;
  }

  async update(ref: SessionRef, update: SessionUpdate, deadline?: number): Promise<UpdateOutcome> {
    if (update.idleTimeout !== undefined) this.#windows.close(ref.handle);
    const before = this.#reader.generationOf(ref);
    const reply = await this.#subjects.updating(
      ref.handle,
      update,
      (indexed, until) => this.#runUpdate(ref, update, indexed, until),
      deadline,
    );
    const refusal = parseRefusal(reply);
    if (refusal !== undefined) return { status: 'refused', refusal };
    const [status, ...rest] = reply;
    switch (text(status)) {
      case 'updated': {
        const [metadata, left, due, , ...results] = rest;
        const session = this.#withExpiry(parseMetadata(metadata));
        this.#subjects.updated(ref.handle, session, { left: utf8(left), due: utf8(due) });
        const terms = this.#reader.termsOf(ref, before, isByPrevious(metadata));
        return { status: 'updated', session, results: (results as RawResult[]).map(mutationResult), ...terms };
      }
      case 'version_mismatch':
        return { status: 'version_mismatch', version: number(rest[0]) };
      case 'lease_lost':
        return { status: 'lease_lost' };
      default:
        wasFound(text(status), ref);
        return { status: 'not_found' };
    }
  }

  /** Applies an update and records its event. @returns a reply of `update.lua` */
  async #runUpdate(
    ref: SessionRef,
    update: SessionUpdate,
    indexed: IndexedSubject | undefined,
    deadline: number | undefined,
  ): Promise<ScriptReply> {
    const reply = await this.#updates.run(ref, update, indexed, deadline);
    if (text(reply[0]) === 'updated' && concernsEvents(update)) {
      const session = this.#withExpiry(parseMetadata(reply[1]));
      await this.#events?.recorder.updated(ref.handle, session, update, utf8(reply[4]));
    }
    return reply;
  }

  acquire(ref: SessionRef, request: LeaseRequest, deadline?: number): Promise<AcquireOutcome> {
    return this.#leases.acquire(ref, request, deadline);
  }

  release(ref: SessionRef, fence: number, deadline?: number): Promise<boolean | undefined> {
    return this.#leases.release(ref, fence, deadline);
  }

  async delete(ref: SessionRef, deadline?: number): Promise<boolean> {
    const [status, problem, subject, version] = await this.#scripts.run('delete', ref, [], deadline);
    if (!wasFound(text(status), ref)) return false;
    if (text(problem) !== '') {
      this.#onUnreadableDeleted?.(new UnreadableRecordError(ref.handle, text(problem) as RecordProblem));
    }
    this.#subjects.deleted(ref.handle, utf8(subject));
    const ended = { version: parseVersion(version), subject: utf8(subject) };
    await this.#events?.recorder.ended('invalidated', 'call', ref.handle, ended);
    return true;
  }

  listSubject(subject: string, page: SubjectPageRequest, deadline?: number): Promise<SubjectPage> {
    return this.#subjects.list(subject, page, deadline);
  }

  deleteSubject(subject: string, selection: SubjectSelection, deadline?: number): Promise<number> {
    return this.#subjects.remove(subject, selection, deadline);
  }

  close(): Promise<void> {
    this.#feed?.close();
    this.#events?.close();
    this.#connection.close();
    return Promise.resolve();
  }

  #withExpiry(metadata: Omit<SessionMetadata, 'expires'>): SessionMetadata {
    return { ...metadata, expires: expiryOf(this.#expiry, metadata) };
  }
}

function openFeed({ connection, keyPrefix, changes, expireKeys }: RedisStoreOptions): RedisChangeFeed | undefined {
  const { client } = connection;
  // Without TTLs, each read needs a script, which checks whether the session has ended.
  if (changes === undefined || !expireKeys || !(client instanceof Redis)) return undefined;
  return new RedisChangeFeed({ ...changes, data: client, keyPrefix });
}
