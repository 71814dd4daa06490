import type { UnreadableRecordError } from '../../../session/errors';
import { storeUnavailable } from '../../../session/errors';
import type { ExpiryPolicy, SessionMetadata } from '../../../session/session';
import type {
  LoadedSession,
  NewSession,
  SubjectPage,
  SubjectPageRequest,
  SubjectSelection,
} from '../../../session/session-store';
import type { SessionUpdate } from '../../../session/session-update';
import type { SubjectLimit, SubjectLimitObserver } from '../../../session/subject-limit';
import type { SessionCodec } from '../encryption/session-codec';
import { parseUnprepared, text } from '../scripts/script-codec';
import type { IndexedSubject } from '../scripts/script-codec';
import type { ScriptReply } from '../scripts/script-runner';
import type { SessionScripts } from '../scripts/session-scripts';
import { Attachments } from './attachments';
import { lifetimeOf, remainingLifetime } from './lifetime';
import type { Lifetime } from './lifetime';
import { LoginLimiter } from './login-limiter';
import { SessionEnder } from './session-ender';
import type { OnEnded } from './session-ender';
import { SessionPeeker } from './session-peeker';
import type { SubjectIndex } from './subject-index';
import { SubjectListing } from './subject-listing';
import { SubjectRemoval } from './subject-removal';
import { SubjectUpkeep } from './upkeep';
import type { SubjectUpkeepObserver } from './upkeep';

export interface SubjectSessionsOptions {
  readonly index: SubjectIndex;
  readonly scripts: SessionScripts;
  readonly codec: SessionCodec;
  readonly expiry: ExpiryPolicy;
  /** Time limit of one Redis command, in ms. */
  readonly commandTimeoutMs: number;
  /** `undefined`: a subject may have any number of sessions. */
  readonly limit?: SubjectLimit | undefined;
  readonly observer?: (SubjectUpkeepObserver & SubjectLimitObserver) | undefined;
  readonly onUnreadableDeleted?: ((error: UnreadableRecordError) => void) | undefined;
  readonly onEnded?: OnEnded | undefined;
}

/** Runs `update.lua`. @param indexed the entry that the index of the session's subject has for it */
type RunUpdate = (indexed: IndexedSubject | undefined, deadline: number | undefined) => Promise<ScriptReply>;

/** An entry that the index must have before an update. */
interface NeededEntry {
  readonly subject: string;
  readonly lifetime: Lifetime;
}

/** More only if the session is changed between the attempts of an update, each time in its subject or idle timeout. */
const maxAttempts = 5;

/** Keeps the index of subjects in step with the sessions, and uses it. */
export class SubjectSessions {
  readonly #expiry: ExpiryPolicy;
  readonly #attachments: Attachments;
  readonly #upkeep: SubjectUpkeep;
  readonly #listing: SubjectListing;
  readonly #removal: SubjectRemoval;

  constructor(options: SubjectSessionsOptions) {
    const { index, scripts, codec, expiry, commandTimeoutMs, limit, observer, onUnreadableDeleted, onEnded } = options;
    const peeker = new SessionPeeker({ scripts, codec, expiry });
    const upkeep = new SubjectUpkeep({ index, peeker, observer });
    const ender = new SessionEnder({ scripts, onUnreadableDeleted, onEnded });
    const limiter = limit && new LoginLimiter({ index, peeker, ender, limit, observer });
    this.#expiry = expiry;
    this.#upkeep = upkeep;
    this.#attachments = new Attachments({ index, upkeep, limiter, commandTimeoutMs });
    this.#listing = new SubjectListing({ index, peeker, upkeep });
    this.#removal = new SubjectRemoval({ index, ender, upkeep });
  }

  /** Creates a session. @param make creates it before its deadline, by `performance.now()` */
  creating<Result>(
    { handle, subject, idleTimeout }: NewSession,
    make: (deadline?: number) => Promise<Result>,
    deadline?: number,
  ): Promise<Result> {
    if (subject === undefined) return make(deadline);
    const lifetime = lifetimeOf(this.#expiry, idleTimeout);
    const change = { handle, subject, lifetime, isLogin: true, make, wasMade: () => true };
    return this.#attachments.attach(change, deadline);
  }

  /**
   * Updates a session, after its subject's index has an entry for it if the update needs one.
   *
   * @returns the last reply of `run`
   */
  async updating(handle: string, update: SessionUpdate, run: RunUpdate, deadline?: number): Promise<ScriptReply> {
    let needed = this.#neededFor(update);
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      const reply = await this.#runUpdate(handle, needed, update, run, deadline);
      if (!isUnprepared(reply)) return reply;
      const { subject, lifetimeMs: ms } = parseUnprepared(reply);
      needed = { subject, lifetime: { ms, slackMs: ms ?? 0 } };
    }
    throw storeUnavailable(false);
  }

  /** A session was loaded, or was not found. */
  loaded(loaded: LoadedSession | undefined): void {
    if (loaded?.touched !== true || loaded.session.subject === undefined) return;
    const { handle, subject } = loaded.session;
    this.#upkeep.renew(subject, handle, remainingLifetime(this.#expiry, loaded.session));
  }

  /** @param subjects what `update.lua` says of them: `left` and `due`; empty: none */
  updated(
    handle: string,
    session: SessionMetadata,
    { left, due }: { readonly left: string; readonly due: string },
  ): void {
    if (left !== '') this.#upkeep.sweep(left, handle);
    if (due !== '') this.#upkeep.renew(due, handle, remainingLifetime(this.#expiry, session));
  }

  /** @param subject empty: none */
  deleted(handle: string, subject: string): void {
    if (subject !== '') this.#upkeep.sweep(subject, handle);
  }

  list(subject: string, page: SubjectPageRequest, deadline?: number): Promise<SubjectPage> {
    return this.#listing.list(subject, page, deadline);
  }

  remove(subject: string, selection: SubjectSelection, deadline?: number): Promise<number> {
    return this.#removal.remove(subject, selection, deadline);
  }

  /** What is known before the session has been read: it may have an idle timeout of its own. */
  #neededFor({ subject, idleTimeout }: SessionUpdate): NeededEntry | undefined {
    if (subject === undefined || subject === '') return undefined;
    const assumed = idleTimeout === 'never' ? undefined : (idleTimeout ?? this.#expiry.idleTimeout);
    return { subject, lifetime: lifetimeOf(this.#expiry, assumed) };
  }

  #runUpdate(
    handle: string,
    needed: NeededEntry | undefined,
    update: SessionUpdate,
    run: RunUpdate,
    deadline: number | undefined,
  ): Promise<ScriptReply> {
    if (needed === undefined) return run(undefined, deadline);
    const { subject, lifetime } = needed;
    const make = (until: number) => run({ subject, lifetimeMs: lifetime.ms }, until);
    const makeWithout = async (until: number) => {
      const reply = await run(undefined, until);
      return isUnprepared(reply) ? undefined : reply;
    };
    const wasMade = ([status]: ScriptReply): boolean => text(status) === 'updated';
    const isLogin = update.subject !== undefined;
    return this.#attachments.attach({ handle, subject, lifetime, isLogin, make, makeWithout, wasMade }, deadline);
  }
}

/** Whether the index must have an entry first. Then nothing was changed. */
function isUnprepared([status]: ScriptReply): boolean {
  return text(status) === 'unprepared';
}
