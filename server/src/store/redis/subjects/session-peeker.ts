import { emptyContent } from '../../../session/content';
import { expiryOf } from '../../../session/session';
import type { ExpiryPolicy } from '../../../session/session';
import type { ListedSession } from '../../../session/session-store';
import { knownAttributes } from '../../attributes';
import type { SessionCodec } from '../encryption/session-codec';
import { decodeFront } from '../record-codec';
import { text } from '../scripts/script-codec';
import type { SessionScripts } from '../scripts/session-scripts';

export interface SessionPeekerParts {
  readonly scripts: SessionScripts;
  readonly codec: SessionCodec;
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
    const { scripts, codec, expiry } = this.#parts;
    const args = [subject, withData ? '1' : ''];
    const [status, record] = await scripts.run('peek', { handle, secretHash: '' }, args, deadline);
    if (text(status) === 'not_found') return 'gone';
    const front = text(status) === 'found' ? decodeFront(record as Buffer) : undefined;
    const decoded = front && withData ? codec.decode(handle, record as Buffer) : undefined;
    if (front === undefined || typeof decoded === 'string') return 'unreadable';
    const { secretHash, created, accessed, idleTimeout, version } = front.header;
    const { label } = knownAttributes(front.attributes);
    const { data } = decoded?.content ?? emptyContent;
    const metadata = { created, accessed, idleTimeout, version, expires: expiryOf(expiry, front.header) };
    return { handle, secretHash, label, data, ...metadata };
  }
}
