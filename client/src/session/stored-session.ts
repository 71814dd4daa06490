import type { LoadedSession } from '../transport/own-reply';

export interface Found {
  readonly token: string;
  /** Its values may be shared with other sessions of the same token. */
  readonly session: LoadedSession;
  /** Of the lease under which it was loaded; `undefined`: none. */
  readonly fence?: number | undefined;
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
  readonly label: string | undefined;
}

/** `id`: what to create the session with; `undefined`: a random token. */
export type State =
  | Stored
  | { readonly name: 'new'; readonly id: string | undefined }
  | { readonly name: 'invalidated' };

export function storedState(token: string, session: LoadedSession): Stored {
  const { handle, csrfToken, created, expires, version, subject, label } = session;
  return { name: 'stored', token, handle, csrfToken, created, expires, version, subject, label };
}
