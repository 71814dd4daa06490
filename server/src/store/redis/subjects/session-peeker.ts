import { expiryOf } from '../../../session/session';
import type { ExpiryPolicy } from '../../../session/session';
import type { InspectedSession } from '../../../session/admin/session-inventory';
import type { ListedSession } from '../../../session/session-store';
import { knownAttributes, signingKeyOf } from '../../attributes';
import { decodeRecord } from '../record-codec';
import type { DecodedRecord } from '../record-codec';
import { text } from '../scripts/script-codec';
import type { SessionScripts } from '../scripts/session-scripts';

export interface SessionPeekerParts {
  readonly scripts: SessionScripts;
  readonly expiry: ExpiryPolicy;
}

/** `gone`: there is no such session of the subject. */
export type Peeked = ListedSession | 'gone' | 'unreadable';

export interface PeekOptions {
  /** Whether to read the data, too. Default: none is transferred. */
  readonly withData?: boolean;
  readonly deadline?: number | undefined;
}

/** Reads sessions without their secret and without recording an access. */
export class SessionPeeker {
  readonly #parts: SessionPeekerParts;

  constructor(parts: SessionPeekerParts) {
    this.#parts = parts;
  }

  async peek(subject: string, handle: string, options?: PeekOptions): Promise<Peeked> {
    const record = await this.#read(subject, handle, options);
    return typeof record === 'string' ? record : this.#listed(handle, record);
  }

  /** Of any subject, or none. */
  async inspect(handle: string, options?: PeekOptions): Promise<InspectedSession | 'gone' | 'unreadable'> {
    const record = await this.#read('', handle, options);
    if (typeof record === 'string') return record;
    const { subject } = knownAttributes(record.attributes);
    return { ...this.#listed(handle, record), subject, signingKey: signingKeyOf(record.attributes) };
  }

  /** @param subject empty: any or none */
  async #read(
    subject: string,
    handle: string,
    { withData = false, deadline }: PeekOptions = {},
  ): Promise<DecodedRecord | 'gone' | 'unreadable'> {
    const args = [subject, withData ? '1' : ''];
    const [status, record] = await this.#parts.scripts.run('peek', { handle, secretHash: '' }, args, deadline);
    if (text(status) === 'not_found') return 'gone';
    return (text(status) === 'found' ? decodeRecord(record as Buffer) : undefined) ?? 'unreadable';
  }

  #listed(handle: string, record: DecodedRecord): ListedSession {
    const { secretHash, created, accessed, idleTimeout, version, attributes, content } = record;
    const { label } = knownAttributes(attributes);
    const metadata = { created, accessed, idleTimeout, version, expires: expiryOf(this.#parts.expiry, record) };
    return { handle, secretHash, label, data: content.data, ...metadata };
  }
}
