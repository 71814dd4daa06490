import type { SessionRef } from '../../session/session-store';
import { decodeBody } from '../record-body';
import type { Body } from '../record-body';

/** A session in memory. */
export interface Entry extends SessionRef {
  readonly csrfToken: string;
  readonly idleTimeout: number | undefined;
  readonly created: number;
  readonly accessed: number;
  readonly version: number;
  /** One of the attributes in the body: the index of subjects needs it whenever a session changes or ends. */
  readonly subject: string | undefined;
  /**
   * Content and attributes in a buffer of their own: objects for each key and message would take many times as much memory, and the
   * received values would keep the whole request alive.
   */
  readonly body: Buffer;
}

/** Measured memory of a session besides its body: its objects, its entry in the map, and fragmentation. */
export const overheadBytes = 1024;

/** Memory of a session's subject and of its place in the index, at most: when it is the subject's only session. */
const indexBytes = 512;

export function sizeOf({ body, subject }: Entry): number {
  return overheadBytes + body.length + (subject === undefined ? 0 : indexBytes + subject.length);
}

export function decode({ body }: Entry): Body {
  const decoded = decodeBody(body, 0);
  if (decoded === undefined) throw new Error('A session in memory cannot be decoded.');
  return decoded;
}
