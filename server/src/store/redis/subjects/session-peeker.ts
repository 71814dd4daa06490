import { emptyContent } from '../../../session/content';
import { expiryOf } from '../../../session/session';
import type { ExpiryPolicy } from '../../../session/session';
import type { InspectedSession } from '../../../session/admin/session-inventory';
import type { ListedSession } from '../../../session/session-store';
import { knownAttributes, signingKeyOf } from '../../attributes';
import type { SessionCodec } from '../encryption/session-codec';
import { decodeFront } from '../record-codec';
import type { DecodedFront } from '../record-codec';
import { text } from '../scripts/script-codec';
import type { SessionScripts } from '../scripts/session-scripts';

export interface SessionPeekerParts {
  readonly scripts: SessionScripts;
  readonly codec: SessionCodec;
  readonly expiry: ExpiryPolicy;
}

/** `gone`: there is no such session of the subject. */
export type Peeked = ListedSession | 'gone' | 'unreadable';

export interface PeekOptions {
  /** Whether to read the data, too. Default: none is transferred. */
  readonly withData?: boolean;
  readonly deadline?: number | undefined;
}

/** A record without its secrets. */
interface PeekedRecord extends DecodedFront {
  /** Empty unless it was read. */
  readonly data: ListedSession['data'];
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
  ): Promise<PeekedRecord | 'gone' | 'unreadable'> {
    const { scripts, codec } = this.#parts;
    const args = [subject, withData ? '1' : ''];
    const [status, record] = await scripts.run('peek', { handle, secretHash: '' }, args, deadline);
    if (text(status) === 'not_found') return 'gone';
    const front = text(status) === 'found' ? decodeFront(record as Buffer) : undefined;
    const decoded = front && withData ? codec.decode(handle, record as Buffer) : undefined;
    if (front === undefined || typeof decoded === 'string') return 'unreadable';
    return { ...front, data: (decoded?.content ?? emptyContent).data };
  }

  #listed(handle: string, { header, attributes, data }: PeekedRecord): ListedSession {
    const { secretHash, created, accessed, idleTimeout, version } = header;
    const { label } = knownAttributes(attributes);
    const metadata = { created, accessed, idleTimeout, version, expires: expiryOf(this.#parts.expiry, header) };
    return { handle, secretHash, label, data, ...metadata };
  }
}
