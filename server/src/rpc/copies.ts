import type { GetSessionResponse } from '@session-sidecar/proto/session/v1/session_service';
import { etagOf } from '../session/etag';
import type { Updated } from '../session/session-manager';
import type { SessionMetadata } from '../session/session';
import type { CopyTerms, LoadedSession, UnchangedSession } from '../session/session-store';
import { toDate, toSessionMessage } from './messages';

/*
 * Replies to clients that keep copies of sessions. They send the etag of their copy, or an empty one; other clients send none, and
 * get none.
 */

export interface CopyObserver {
  /** A client with copies read a session. `validated`: its copy was current; `missed`: the session was sent. */
  copyRead(result: CopyReadResult): void;
}

export type CopyReadResult = 'validated' | 'missed';

export interface ChangeReportObserver {
  /** A stream started or stopped receiving changes. */
  changeStreams(difference: 1 | -1): void;
  /** Changes were put into a frame. */
  changesReported(count: number): void;
  /** A stream received a report that anything may have changed. */
  allChangesReported(): void;
}

type Copy = Pick<GetSessionResponse, 'liveMs' | 'etag'>;

const noEtag = Buffer.alloc(0);

export function toGetResponse(
  loaded: LoadedSession | UnchangedSession,
  held: Buffer | undefined,
  observer: CopyObserver,
): GetSessionResponse {
  if ('unchanged' in loaded) {
    observer.copyRead('validated');
    return notModified(loaded.unchanged, copyAt(loaded, loaded.unchanged.version));
  }
  const { session } = loaded;
  if (held === undefined) {
    return { session: toSessionMessage(session), notModified: undefined, liveMs: 0, etag: noEtag };
  }
  const copy = copyAt(loaded, session.version);
  const isCurrent = held.length > 0 && copy.etag.equals(held);
  observer.copyRead(isCurrent ? 'validated' : 'missed');
  if (isCurrent) return notModified(session, copy);
  return { session: toSessionMessage(session), notModified: undefined, ...copy };
}

function notModified({ accessed, expires }: SessionMetadata, copy: Copy): GetSessionResponse {
  return { session: undefined, notModified: { accessed: new Date(accessed), expires: toDate(expires) }, ...copy };
}

/** Sends the new etag only to a client whose copy is the state that the update was applied to. */
export function copyAfterUpdate(updated: Updated, held: Buffer | undefined): Copy {
  const { generation, baseVersion, session } = updated;
  const isBase = held !== undefined && generation !== undefined && held.equals(etagOf(generation, baseVersion));
  return isBase ? copyAt(updated, session.version) : { liveMs: 0, etag: noEtag };
}

function copyAt({ generation, liveMs }: CopyTerms, version: number): Copy {
  return generation === undefined
    ? { liveMs: 0, etag: noEtag }
    : { liveMs: Math.min(Math.floor(liveMs), maxLiveMs), etag: etagOf(generation, version) };
}

/** The greatest number that live_ms can have. */
const maxLiveMs = 2 ** 32 - 1;
