import { storeUnavailable } from '../../session/errors';
import type { AcquireOutcome, LeaseRequest, SessionRef } from '../../session/session-store';
import type { SessionCodec } from './encryption/session-codec';
import type { SessionReader } from './read/session-reader';
import { number, text, utf8 } from './scripts/script-codec';
import { wasFound } from './scripts/session-scripts';
import type { SessionScripts } from './scripts/session-scripts';
import type { SubjectSessions } from './subjects/subject-sessions';

export interface SessionLeasesParts {
  readonly scripts: SessionScripts;
  readonly codec: SessionCodec;
  readonly reader: SessionReader;
  readonly subjects: SubjectSessions;
}

/** The leases of sessions, which their records hold. */
export class SessionLeases {
  readonly #parts: SessionLeasesParts;

  constructor(parts: SessionLeasesParts) {
    this.#parts = parts;
  }

  /** As {@link SessionStore.acquire}. */
  async acquire(ref: SessionRef, request: LeaseRequest, deadline?: number): Promise<AcquireOutcome> {
    const { scripts, codec, reader, subjects } = this.#parts;
    const { holder, durationMs } = request;
    const args = [String(durationMs), holder, codec.keys.ids];
    const [status, ...rest] = await scripts.run('acquire', ref, args, deadline);
    switch (text(status)) {
      case 'acquired': {
        const [record, accessed, fence, ends, due] = rest;
        const session = reader.decode(ref, record as Buffer, number(accessed));
        subjects.updated(ref.handle, session, { left: '', due: utf8(due) });
        return { status: 'acquired', lease: { fence: number(fence), expires: number(ends), holder }, session };
      }
      case 'closed':
        reader.decode(ref, rest[0] as Buffer, 0);
        // It has the key by now.
        throw storeUnavailable(false);
      case 'held':
        return { status: 'held', remainingMs: number(rest[0]) };
      default:
        wasFound(text(status), ref);
        return { status: 'not_found' };
    }
  }

  /** As {@link SessionStore.release}. */
  async release(ref: SessionRef, fence: number, deadline?: number): Promise<boolean | undefined> {
    const [status] = await this.#parts.scripts.run('release', ref, [String(fence)], deadline);
    return wasFound(text(status), ref) ? text(status) === 'released' : undefined;
  }
}
