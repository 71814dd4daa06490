import type { Tokens } from '../../tokens/token';
import { pageSize } from '../limits';
import type { Limits } from '../limits';
import type { SessionStore } from '../session-store';
import type { GetSessions } from './admin-requests';
import { DataRoom } from './data-room';
import type { InspectedSession, SessionInventory } from './session-inventory';

export interface SessionLookupParts {
  readonly inventory: Pick<SessionInventory, 'inspect'>;
  readonly store: Pick<SessionStore, 'listSubject'>;
  readonly tokens: Pick<Tokens, 'verify'>;
  readonly limits: Pick<Limits, 'maxReplyBytes'>;
}

export type LookupResult = FoundSession | MissingSession;

export interface FoundSession {
  readonly status: 'found' | 'data_omitted';
  readonly handle: string;
  readonly session: InspectedSession;
}

export interface MissingSession {
  readonly status: 'not_found' | 'unreadable' | 'token_invalid';
  /** `undefined`: the token is not valid. */
  readonly handle: string | undefined;
}

export interface FoundSessions {
  readonly results: readonly LookupResult[];
  /** Empty: this was the last page. */
  readonly nextPageToken: string;
}

/** Sessions that are read at the same time; fewer with their data, because each may be as large as a session can be. */
const maxInFlight = { withoutData: 64, withData: 8 } as const;

/** A session to look up. */
interface Wanted {
  /** `undefined`: its token is not valid. */
  readonly handle: string | undefined;
  /** That of its token; `undefined`: it is named by its handle. */
  readonly secretHash?: string;
}

/** Reads sessions by what names them. */
export class SessionLookup {
  readonly #parts: SessionLookupParts;

  constructor(parts: SessionLookupParts) {
    this.#parts = parts;
  }

  async get(request: GetSessions): Promise<FoundSessions> {
    const { wanted, nextPageToken } = await this.#wanted(request);
    return { results: await this.#read(wanted, request.includeData), nextPageToken };
  }

  async #wanted({ handles, tokens, subject, pageSize: size, pageToken }: GetSessions) {
    if (subject === '') {
      return {
        wanted: [...handles.map((handle) => ({ handle })), ...tokens.map((token) => this.#ofToken(token))],
        nextPageToken: '',
      };
    }
    const after = pageToken === '' ? undefined : pageToken;
    const page = { after, size: size === 0 ? pageSize.default : size, maxDataBytes: undefined };
    const { sessions, next = '' } = await this.#parts.store.listSubject(subject, page);
    return { wanted: sessions.map(({ handle }) => ({ handle })), nextPageToken: next };
  }

  #ofToken(token: string): Wanted {
    const verified = this.#parts.tokens.verify(token);
    return verified.valid ? verified.ref : { handle: undefined };
  }

  async #read(wanted: readonly Wanted[], includeData: boolean): Promise<LookupResult[]> {
    const results: LookupResult[] = [];
    const room = new DataRoom(this.#parts.limits.maxReplyBytes);
    let at = 0;
    while (at < wanted.length) {
      const withData = includeData && !room.isFull;
      const part = wanted.slice(at, at + (withData ? maxInFlight.withData : maxInFlight.withoutData));
      const read = await Promise.all(part.map((each) => this.#readOne(each, withData)));
      results.push(...read.map((result) => (includeData ? room.admit(result) : result)));
      at += part.length;
    }
    return results;
  }

  async #readOne({ handle, secretHash }: Wanted, withData: boolean): Promise<LookupResult> {
    if (handle === undefined) return { status: 'token_invalid', handle };
    const session = await this.#parts.inventory.inspect(handle, withData);
    if (typeof session === 'string') return { status: session, handle };
    const isToken = secretHash === undefined || secretHash === session.secretHash;
    return isToken ? { status: 'found', handle, session } : { status: 'not_found', handle };
  }
}
