import { emptyContent } from '../../session/content';
import type { Lease } from '../../session/lease';
import { expiryOf } from '../../session/session';
import type { ExpiryPolicy, SessionMetadata, SessionRecord } from '../../session/session';
import type { ListedSession, SessionRef } from '../../session/session-store';
import type { SessionUpdate } from '../../session/session-update';
import {
  applyAttributes,
  attributeChanges,
  knownAttributes,
  leaseChange,
  leaseOf,
  previousToken,
  previousTokenChange,
} from '../attributes';
import type { AttributeChange, Attributes } from '../attributes';
import { decodeBody, encodeBody } from '../record-body';
import type { Body } from '../record-body';

/** A session in memory. */
export interface Entry extends SessionRef, Omit<SessionMetadata, 'expires'> {
  readonly csrfToken: string;
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

export function metadataOf(entry: Entry, expiry: ExpiryPolicy): SessionMetadata {
  const { created, accessed, idleTimeout, version } = entry;
  return { created, accessed, idleTimeout, version, expires: expiryOf(expiry, entry) };
}

export function recordOf(entry: Entry, expiry: ExpiryPolicy): SessionRecord {
  const { handle, csrfToken } = entry;
  const { content, attributes } = decode(entry);
  return { handle, csrfToken, ...knownAttributes(attributes), ...content, ...metadataOf(entry, expiry) };
}

export function listedOf(entry: Entry, expiry: ExpiryPolicy, withData: boolean): ListedSession {
  const { handle, secretHash } = entry;
  const { content, attributes } = decode(entry);
  const { label } = knownAttributes(attributes);
  const { data } = withData ? content : emptyContent;
  return { handle, secretHash, label, data, ...metadataOf(entry, expiry) };
}

/** The lease that lasts. */
export function presentLease({ attributes }: Body, now: number): Lease | undefined {
  const lease = leaseOf(attributes);
  return lease !== undefined && lease.expires > now ? lease : undefined;
}

/** The next version of a session. @param body its attributes, and its content after the mutations */
export function changedEntry(entry: Entry, { attributes, content }: Body, change: SessionUpdate, now: number): Entry {
  const changes = [...attributeChanges(change), ...previousTokenChanges(entry, attributes, change, now)];
  const newAttributes = applyAttributes(attributes, changes);
  return {
    ...entry,
    subject: knownAttributes(newAttributes).subject,
    body: encodeBody(content, newAttributes),
    accessed: now,
    version: entry.version + 1,
    secretHash: change.secretHash ?? entry.secretHash,
    csrfToken: change.csrfToken ?? entry.csrfToken,
    idleTimeout: change.idleTimeout === 'never' ? undefined : (change.idleTimeout ?? entry.idleTimeout),
  };
}

/** The same version of a session with another lease. */
export function withLease(entry: Entry, lease: Lease): Entry {
  const { content, attributes } = decode(entry);
  return { ...entry, body: encodeBody(content, applyAttributes(attributes, [leaseChange(lease)])) };
}

function previousTokenChanges(
  { secretHash }: Entry,
  attributes: Attributes,
  change: SessionUpdate,
  now: number,
): AttributeChange[] {
  if (change.secretHash !== undefined) {
    const { graceMs } = change;
    return [previousTokenChange(graceMs === undefined ? undefined : { secretHash, ends: now + graceMs })];
  }
  const previous = previousToken(attributes);
  // An attacker may have planted the previous token before a login.
  return change.subject === undefined || previous === undefined ? [] : [previousTokenChange({ ...previous, ends: 0 })];
}
