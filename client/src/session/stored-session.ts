import type { Session } from '@session-sidecar/proto/session/v1/session';
import type { StoredValue } from './kept-value';

/** A session as the sidecar has it. Its values may be shared with other sessions of the same token. */
export interface LoadedSession extends Omit<Session, 'data'> {
  readonly data: ReadonlyMap<string, StoredValue>;
}

export interface Found {
  readonly token: string;
  readonly session: LoadedSession;
}

/** A stored session, as last reported by the sidecar. */
export interface Stored {
  readonly name: 'stored';
  readonly token: string;
  readonly handle: string;
  readonly csrfToken: string;
  readonly created: Date | undefined;
  readonly expires: Date | undefined;
  readonly version: number;
  readonly subject: string | undefined;
}

export function storedState(token: string, session: LoadedSession): Stored {
  const { handle, csrfToken, created, expires, version, subject } = session;
  return { name: 'stored', token, handle, csrfToken, created, expires, version, subject };
}
