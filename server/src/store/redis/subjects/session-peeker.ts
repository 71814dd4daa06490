import { expiryOf } from '../../../session/session';
import type { ExpiryPolicy } from '../../../session/session';
import type { ListedSession } from '../../../session/session-store';
import { knownAttributes } from '../../attributes';
import { decodeRecord } from '../record-codec';
import { text } from '../scripts/script-codec';
import type { SessionScripts } from '../scripts/session-scripts';

export interface SessionPeekerParts {
  readonly scripts: SessionScripts;
  readonly expiry: ExpiryPolicy;
}

/** `gone`: there is no such session of the subject. */
export type Peeked = ListedSession | 'gone' | 'unreadable';

/** Reads sessions without their secret and without recording an access. */
export class SessionPeeker {
  readonly #parts: SessionPeekerParts;

  constructor(parts: SessionPeekerParts) {
    this.#parts = parts;
  }

  /** @param options `withData`: read the data, too; default: none is transferred */
  async peek(
    subject: string,
    handle: string,
    { withData = false, deadline }: { readonly withData?: boolean; readonly deadline?: number | undefined } = {},
  ): Promise<Peeked> {
    const { scripts, expiry } = this.#parts;
    const args = [subject, withData ? '1' : ''];
    const [status, record] = await scripts.run('peek', { handle, secretHash: '' }, args, deadline);
    if (text(status) === 'not_found') return 'gone';
    const decoded = text(status) === 'found' ? decodeRecord(record as Buffer) : undefined;
    if (decoded === undefined) return 'unreadable';
    const { secretHash, created, accessed, idleTimeout, version, attributes, content } = decoded;
    const { label } = knownAttributes(attributes);
    const metadata = { created, accessed, idleTimeout, version, expires: expiryOf(expiry, decoded) };
    return { handle, secretHash, label, data: content.data, ...metadata };
  }
}
