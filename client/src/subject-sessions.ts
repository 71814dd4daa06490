import { replyTime } from './session/replies';
import type { SessionContext } from './session/live-session';
import type { ISession } from './session/session';
import { startCall } from './transport/call-options';
import type { CallOptions } from './transport/call-options';
import type { ListedSession } from './transport/own-reply';

/** One of a subject's sessions, as it was when it was listed. */
export interface SubjectSession<T extends object> {
  /** The session's public id, which {@link SubjectSessions.invalidate} takes. */
  readonly handle: string;
  /** What setLabel() has set, for example the device. `undefined`: nothing. */
  readonly label: string | undefined;
  readonly created: Date | undefined;
  /** The last recorded access; the actual one may be later by the sidecar's touch interval. */
  readonly accessed: Date | undefined;
  /** When the session expires if it is not used again. `undefined`: never. */
  readonly expires: Date | undefined;
  readonly version: number;
  /** Whether it is the session that was given as `current`. */
  readonly isCurrent: boolean;
  /** The keys and values; `undefined` unless `includeData` was set. */
  readonly data: Partial<T> | undefined;
}

/** A session, or its token. */
export type SessionOrToken = string | Pick<ISession<never>, 'token'>;

/** Options of a list of sessions. */
export interface ListOptions extends CallOptions {
  /** The session that is marked as the current one. Default: none. */
  readonly current?: SessionOrToken | undefined;
  /** Whether to read the data, too. Default: false. */
  readonly includeData?: boolean | undefined;
  /** Maximum number of sessions per call to the sidecar, 1 to 1,000. Default: 100. */
  readonly pageSize?: number | undefined;
}

/** Options of one page of a list of sessions. */
export interface PageOptions extends ListOptions {
  /** The `next` of the page before. Default: the first page. */
  readonly after?: string | undefined;
}

/** One page of a list of sessions. */
export interface SubjectPage<T extends object> {
  /** May be empty although there is a next page. */
  readonly sessions: readonly SubjectSession<T>[];
  /** What {@link PageOptions.after} takes for the next page; `undefined`: this is the last one. */
  readonly next: string | undefined;
}

/** Options of the end of all sessions of a subject. */
export interface InvalidateAllOptions extends CallOptions {
  /** A session that goes on, mostly that of the request. Default: none. */
  readonly exceptCurrent?: SessionOrToken | undefined;
}

/**
 * The sessions that belong to a subject, as setSubject() has set it: the devices of a user, for example. The sidecar does not know who
 * may see or end them: check that before.
 */
export class SubjectSessions<T extends object> {
  readonly #context: SessionContext;
  readonly #subject: string;

  constructor(context: SessionContext, subject: string) {
    this.#context = context;
    this.#subject = subject;
  }

  /**
   * Lists all sessions, in the order of their handles, as they are needed: each page is one call, with the time limit of one. Use it in
   * `for await`. Being listed is not an access to a session.
   */
  async *list(options: ListOptions = {}): AsyncGenerator<SubjectSession<T>, void, undefined> {
    let after: string | undefined;
    do {
      const { sessions, next } = await this.page({ ...options, after });
      yield* sessions;
      after = next;
    } while (after !== undefined);
  }

  /** One page of the list, in one call. */
  async page({ current, includeData = false, pageSize = 0, after = '', ...call }: PageOptions = {}): Promise<
    SubjectPage<T>
  > {
    const currentToken = current === undefined ? undefined : tokenOf('current', current);
    const request = { subject: this.#subject, pageSize, pageToken: after, currentToken, includeData };
    const { transport, timeoutMs } = this.#context;
    const reply = await transport.call('listSubjectSessions', request, startCall(call, timeoutMs));
    return {
      sessions: reply.sessions.map((session) => this.#sessionOf(session, includeData)),
      next: reply.nextPageToken || undefined,
    };
  }

  /**
   * Ends one of the sessions, named by its handle, in one call. Returns whether this call has ended it: not if it has ended before,
   * or does not belong to the subject.
   */
  async invalidate(handle: string, options?: CallOptions): Promise<boolean> {
    // The sidecar takes no handles at all for all sessions.
    if (typeof handle !== 'string') throw new TypeError(`Expected \`handle\` to be a string, got ${typeof handle}`);
    return (await this.#invalidate([handle], undefined, options)) > 0;
  }

  /**
   * Ends all sessions, or all but the given one, and returns how many. None that existed when it was called survives, nor does one that
   * a login in flight gives to the subject at that moment. If it rejects, some may have ended; call it again.
   */
  async invalidateAll({ exceptCurrent, ...call }: InvalidateAllOptions = {}): Promise<number> {
    const exceptToken = exceptCurrent === undefined ? undefined : tokenOf('exceptCurrent', exceptCurrent);
    return this.#invalidate([], exceptToken, call);
  }

  async #invalidate(
    handles: string[],
    exceptToken: string | undefined,
    options: CallOptions | undefined,
  ): Promise<number> {
    const { transport, timeoutMs } = this.#context;
    const request = { subject: this.#subject, handles, exceptToken };
    return (await transport.call('invalidateSubjectSessions', request, startCall(options, timeoutMs))).endedCount;
  }

  #sessionOf({ data, ...session }: ListedSession, withData: boolean): SubjectSession<T> {
    const { handle, label, created, accessed, expires, version, isCurrent } = session;
    for (const time of [created, accessed, expires]) replyTime(time);
    const { codec } = this.#context;
    const values = Array.from(data, ([key, value]) => [key, codec.decode(value, key)] as const);
    const decoded = withData ? (Object.fromEntries(values) as Partial<T>) : undefined;
    return { handle, label, created, accessed, expires, version, isCurrent, data: decoded };
  }
}

function tokenOf(option: string, session: unknown): string {
  const token = typeof session === 'object' && session !== null && 'token' in session ? session.token : session;
  if (typeof token === 'string' && token !== '') return token;
  const got = session === token ? (token === '' ? 'an empty string' : typeof token) : 'one that is not stored';
  throw new TypeError(`Expected \`${option}\` to be a stored session or a token, got ${got}`);
}
