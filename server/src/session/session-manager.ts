import { randomBytes, timingSafeEqual } from 'node:crypto';
import { changesTerms } from './session-update';
import type { Mutation, MutationResult, SessionUpdate } from './session-update';
import { dataBytes, emptyContent } from './content';
import type { Content } from './content';
import type { DataCheck } from './data-rule';
import { leaseHeld, leaseLost, schemaViolation, SessionError, sessionNotFound } from './errors';
import type { Lease } from './lease';
import type { Limits } from './limits';
import { applyMutations, replyBytes } from './mutations';
import { limitExceeded, toSessionError } from './refusals';
import { checkedLease, checkedMutation, checkedUpdate, checkFence, checkId, checkQueue } from './requests';
import type { AcquireLease, CreateSession, PushFlash, RegenerateSession, UpdateSession } from './requests';
import type { ExpiryPolicy, SessionRecord, SessionMetadata } from './session';
import type { SessionEvents } from './session-events';
import type { CopyTerms, LoadedSession, SessionRef, SessionStore, UnchangedSession } from './session-store';
import { verifiedRef } from './verified-ref';
import type { Tokens } from '../tokens/token';

export interface Created {
  readonly token: string;
  readonly session: SessionRecord;
  readonly results: readonly MutationResult[];
}

export interface Updated extends CopyTerms {
  readonly session: SessionMetadata;
  /** The version that the mutations were applied to. */
  readonly baseVersion: number;
  readonly results: readonly MutationResult[];
}

export interface Regenerated extends Updated {
  readonly token: string;
  readonly csrfToken: string;
}

export interface Leased {
  readonly lease: Lease;
  readonly session: SessionRecord;
}

export interface Popped {
  readonly messages: readonly Buffer[];
  readonly version: number;
}

export interface RenewedCsrfToken {
  readonly csrfToken: string;
  readonly version: number;
}

export interface SessionManagerParts {
  readonly store: SessionStore;
  readonly tokens: Tokens;
  readonly limits: Limits;
  readonly expiry: ExpiryPolicy;
  readonly events: SessionEvents;
  /** What the data of new sessions must be; the store checks changes. Default: anything. */
  readonly dataCheck?: DataCheck | undefined;
}

/**
 * The use cases. Each makes at most one store call. Expected failures are {@link SessionError}s; anything else is a bug. A
 * deadline is the moment after which the caller no longer waits, by the monotonic clock (`performance.now()`); default: never.
 */
export class SessionManager {
  readonly #store: SessionStore;
  readonly #tokens: Tokens;
  readonly #limits: Limits;
  readonly #expiry: ExpiryPolicy;
  readonly #events: SessionEvents;
  readonly #dataCheck: DataCheck | undefined;

  constructor({ store, tokens, limits, expiry, events, dataCheck }: SessionManagerParts) {
    this.#store = store;
    this.#tokens = tokens;
    this.#limits = limits;
    this.#expiry = expiry;
    this.#events = events;
    this.#dataCheck = dataCheck;
  }

  async create(request: CreateSession, deadline?: number): Promise<Created> {
    const { mutations, idleTimeout, subject, label } = checkedUpdate(request, this.#limits, { isNew: true });
    const applied = applyMutations(emptyContent, mutations, this.#limits);
    if (applied.status === 'refused') throw toSessionError(applied.refusal, mutations, this.#limits);
    const violations = this.#dataCheck?.added(undefined, applied.content.data) ?? [];
    if (violations.length > 0) throw schemaViolation(violations);
    this.#refuseLargeReply(applied.content, applied.results);

    const { id, csrfToken = newCsrfToken() } = request;
    const issued = id === undefined ? this.#tokens.issue() : this.#tokens.derive(id);
    const { token, handle, secretHash, signingKey } = issued;
    const record = {
      csrfToken,
      subject,
      label,
      idleTimeout: idleTimeout === 'never' ? undefined : (idleTimeout ?? this.#expiry.idleTimeout),
    };
    const reusesHandle = id !== undefined;
    const newSession = { handle, secretHash, signingKey, content: applied.content, reusesHandle, ...record };
    const metadata = await this.#store.create(newSession, deadline);
    this.#events.onCreated();
    this.#events.onContentSize(applied.content.bytes);
    return { token, session: { handle, ...record, ...applied.content, ...metadata }, results: applied.results };
  }

  /** The token of the session that was created with an id, whether or not it still exists. @param token of the same request */
  tokenOf(id: string, token: string): string {
    checkId(id, token);
    return this.#tokens.derive(id).token;
  }

  async get(token: string, deadline?: number): Promise<SessionRecord> {
    return (await this.load(token, deadline)).session;
  }

  /** The session, and how long a copy of it is live. */
  async load(token: string, deadline?: number): Promise<LoadedSession> {
    const loaded = this.#found(await this.#store.load(this.#verify(token), deadline));
    this.#events.onContentSize(loaded.session.bytes);
    return loaded;
  }

  /** As {@link load}. @param held the etag of a copy that the caller has; in the state of that, the content may be left out */
  async validate(token: string, held: Buffer, deadline?: number): Promise<LoadedSession | UnchangedSession> {
    const loaded = this.#found(await this.#store.validate(this.#verify(token), held, deadline));
    if ('session' in loaded) this.#events.onContentSize(loaded.session.bytes);
    return loaded;
  }

  async update(token: string, request: UpdateSession, deadline?: number): Promise<Updated> {
    const ref = this.#verify(token);
    const updated = await this.#update(ref, checkedUpdate(request, this.#limits), deadline);
    this.#events.onUpdated();
    return updated;
  }

  async regenerate(token: string, request: RegenerateSession, deadline?: number): Promise<Regenerated> {
    const ref = this.#verify(token);
    const { mutations, grace: graceMs, ...terms } = checkedUpdate(request, this.#limits);
    const { token: newToken, secretHash, signingKey = '' } = this.#tokens.issue(ref.handle);
    const csrfToken = newCsrfToken();
    const { subject, label, fence } = terms;
    const update = { mutations, subject, label, fence, secretHash, signingKey, graceMs, csrfToken };
    const updated = await this.#update(ref, update, deadline);
    this.#events.onRegenerated();
    return { token: newToken, csrfToken, ...updated };
  }

  async invalidate(token: string, deadline?: number): Promise<void> {
    if (await this.#store.delete(this.#verify(token), deadline)) this.#events.onInvalidated(1);
  }

  /** @returns whether the message was added. */
  async pushFlash(token: string, message: PushFlash, deadline?: number): Promise<boolean> {
    const ref = this.#verify(token);
    const { result } = await this.#mutate(ref, { kind: 'push_flash', ...message }, deadline);
    return result.applied;
  }

  async popFlash(token: string, queue: string, deadline?: number): Promise<Popped> {
    const ref = this.#verify(token);
    const { result, version } = await this.#mutate(ref, { kind: 'pop_flash', queue }, deadline);
    return { messages: result.messages ?? [], version };
  }

  async peekFlash(token: string, queue: string, deadline?: number): Promise<readonly Buffer[]> {
    this.#verify(token);
    checkQueue(queue);
    const session = await this.get(token, deadline);
    return session.flash.get(queue) ?? [];
  }

  async csrfToken(token: string, deadline?: number): Promise<string> {
    const session = await this.get(token, deadline);
    return session.csrfToken;
  }

  async newCsrfToken(token: string, deadline?: number): Promise<RenewedCsrfToken> {
    const csrfToken = newCsrfToken();
    const { session } = await this.#update(this.#verify(token), { csrfToken }, deadline);
    this.#events.onUpdated();
    return { csrfToken, version: session.version };
  }

  async checkCsrfToken(token: string, csrfToken: string, deadline?: number): Promise<boolean> {
    const expected = Buffer.from(await this.csrfToken(token, deadline));
    const given = Buffer.from(csrfToken);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  async acquireLease(token: string, request: AcquireLease, deadline?: number): Promise<Leased> {
    const ref = this.#verify(token);
    const outcome = await this.#store.acquire(ref, checkedLease(request), deadline);
    switch (outcome.status) {
      case 'acquired': {
        const { lease, session } = outcome;
        this.#events.onLease('acquired');
        this.#events.onContentSize(session.bytes);
        return { lease, session };
      }
      case 'held':
        this.#events.onLease('held');
        throw leaseHeld(outcome.remainingMs);
      case 'not_found':
        throw sessionNotFound();
    }
  }

  /** @returns whether the lease had not ended before */
  async releaseLease(token: string, fence: number, deadline?: number): Promise<boolean> {
    const ref = this.#verify(token);
    checkFence(fence);
    const released = await this.#store.release(ref, fence, deadline);
    if (released === undefined) throw sessionNotFound();
    if (released) this.#events.onLease('released');
    return released;
  }

  #found<Loaded extends LoadedSession | UnchangedSession>(loaded: Loaded | undefined): Loaded {
    this.#events.onLookup(loaded === undefined ? 'not_found' : 'found');
    if (loaded === undefined) throw sessionNotFound();
    this.#events.onAccess(loaded.touched);
    return loaded;
  }

  #verify(token: string): SessionRef {
    return verifiedRef(token, this.#tokens, this.#events);
  }

  async #mutate(
    ref: SessionRef,
    mutation: Mutation,
    deadline?: number,
  ): Promise<{ readonly result: MutationResult; readonly version: number }> {
    const { results, session } = await this.#update(ref, { mutations: [checkedMutation(mutation)] }, deadline);
    this.#events.onUpdated();
    return { result: results[0] ?? { applied: false }, version: session.version };
  }

  async #update(ref: SessionRef, update: SessionUpdate, deadline?: number): Promise<Updated> {
    const outcome = await this.#store.update(ref, update, deadline);
    switch (outcome.status) {
      case 'updated': {
        const { version } = outcome.session;
        const isChanged = changesTerms(update) || outcome.results.some(({ applied }) => applied);
        return { ...outcome, baseVersion: isChanged ? version - 1 : version };
      }
      case 'not_found':
        throw sessionNotFound();
      case 'version_mismatch':
        this.#events.onVersionConflict();
        throw versionMismatch(outcome.version);
      case 'lease_lost':
        this.#events.onLease('lost');
        throw leaseLost();
      case 'refused':
        throw toSessionError(outcome.refusal, update.mutations ?? [], this.#limits);
    }
  }

  /** A reply with the session and the results must fit into a message, too. */
  #refuseLargeReply({ data }: Content, results: readonly MutationResult[]): void {
    const { maxReplyBytes, maxSessionBytes } = this.#limits;
    if (dataBytes(data) + replyBytes(results) > Math.max(maxReplyBytes, maxSessionBytes)) {
      throw limitExceeded('maxReplyBytes', this.#limits);
    }
  }
}

/** 128 random bits: OWASP requires a CSRF token that is unique per session and unguessable. */
function newCsrfToken(): string {
  return randomBytes(16).toString('base64url');
}

function versionMismatch(version: number): SessionError {
  return new SessionError('VERSION_MISMATCH', `The session has been changed and is now at version ${version}.`, {
    metadata: { version: String(version) },
  });
}
