import { etagOf } from '../../../session/etag';
import type { Generation } from '../../../session/etag';
import { storeUnavailable, UnreadableRecordError } from '../../../session/errors';
import { expiryOf } from '../../../session/session';
import type { ExpiryPolicy, SessionRecord } from '../../../session/session';
import type { CopyTerms, LoadedSession, SessionRef, UnchangedSession } from '../../../session/session-store';
import { knownAttributes, previousToken } from '../../attributes';
import type { RedisConnection } from '../connection/redis-connection';
import type { NearCache } from '../near-cache/near-cache';
import type { SessionCodec } from '../encryption/session-codec';
import { decodeHeader, maxHeaderBytes } from '../record-codec';
import type { DecodedRecord } from '../record-codec';
import { toStoreError } from '../redis-errors';
import { number, text } from '../scripts/script-codec';
import { wasFound } from '../scripts/session-scripts';
import type { SessionScripts } from '../scripts/session-scripts';
import { batchReads } from './mget-batcher';
import type { Read } from './mget-batcher';
import type { PlainReadWindow } from './plain-read-window';

export interface SessionReaderParts {
  readonly connection: RedisConnection;
  readonly scripts: SessionScripts;
  readonly codec: SessionCodec;
  readonly windows: PlainReadWindow;
  readonly nearCache: NearCache | undefined;
  /** Whether changes are reported to clients that keep copies. */
  readonly hasFeed: boolean;
  readonly expiry: ExpiryPolicy;
  readonly keyPrefix: string;
  /** The access to a session was recorded whose record is encrypted with another key than it would be now, or not at all. */
  readonly onOutdated: (ref: SessionRef, record: Buffer) => void;
}

/** From this size on, a read of its header alone is worth that it does not share a command with other reads. */
const largeRecordBytes = 32 * 1024;

/**
 * Loads sessions in the cheapest correct way:
 *
 * 1. Without a plain read window, the script decides: it records the access if one is due, and opens the window.
 * 2. Within the window, the near cache answers, if it has the session.
 * 3. If not, a plain GET does, together with other reads of the same moment. Where it finds what the window was not computed
 *    from, or what cannot be decoded, the script decides after all.
 *
 * For a caller that has a copy of a large session, the header is read first, and the rest only if it has changed.
 */
export class SessionReader {
  readonly #parts: SessionReaderParts;
  readonly #read: Read;

  constructor(parts: SessionReaderParts) {
    this.#parts = parts;
    this.#read = batchReads(parts.connection.client);
  }

  /** @param deadline when the caller stops waiting, by `performance.now()` */
  load(ref: SessionRef, deadline?: number): Promise<LoadedSession | undefined> {
    const { connection, windows, nearCache } = this.#parts;
    const window = windows.find(ref.handle);
    if (window === undefined) return this.#loadByScript(ref, deadline);
    if (!connection.usable) return Promise.reject(storeUnavailable(false));
    const cached = nearCache?.find(ref.handle, ref.secretHash);
    if (cached !== undefined) {
      const { session, generation } = cached;
      return Promise.resolve({ session, touched: false, generation, liveMs: this.#liveMs(ref) });
    }
    return this.#loadPlainly(ref, window.idleTimeout, deadline);
  }

  async #loadByScript(ref: SessionRef, deadline?: number): Promise<LoadedSession | undefined> {
    const requestedAt = performance.now();
    const before = this.generationOf(ref);
    const args = [this.#parts.codec.keys.ids];
    const [status, record, time, touched] = await this.#parts.scripts.run('load', ref, args, deadline);
    if (!wasFound(text(status), ref)) return undefined;
    const decoded = this.#decode(ref, record as Buffer);
    const now = number(time);
    const session = this.#sessionOf(ref, touched === undefined ? decoded : { ...decoded, accessed: now });
    this.#parts.windows.open(ref.handle, session, requestedAt, now, (record as Buffer).length);
    const terms = this.termsOf(ref, before, decoded.secretHash !== ref.secretHash);
    const { codec, onOutdated } = this.#parts;
    if (touched !== undefined && !codec.keys.isCurrent(decoded.keyId)) onOutdated(ref, record as Buffer);
    return { session, touched: touched !== undefined, ...terms };
  }

  /** As {@link load}. @param held the etag of the caller's copy */
  async validate(
    ref: SessionRef,
    held: Buffer,
    deadline?: number,
  ): Promise<LoadedSession | UnchangedSession | undefined> {
    const { connection, windows, nearCache } = this.#parts;
    const window = windows.find(ref.handle);
    const isLarge = window !== undefined && window.recordBytes >= largeRecordBytes;
    if (!isLarge || nearCache !== undefined || !connection.usable) return this.load(ref, deadline);
    const before = this.generationOf(ref);
    const header = decodeHeader(await this.#getHeader(ref));
    const { generation, liveMs } = this.termsOf(ref, before);
    if (
      header?.secretHash !== ref.secretHash ||
      header.idleTimeout !== window.idleTimeout ||
      // Either server may have answered, so the version may be one of another history.
      generation === undefined ||
      !etagOf(generation, header.version).equals(held)
    ) {
      return this.load(ref, deadline);
    }
    const { version, created, accessed, idleTimeout } = header;
    const unchanged = { version, created, accessed, idleTimeout, expires: expiryOf(this.#parts.expiry, header) };
    return { unchanged, touched: false, generation, liveMs };
  }

  /** @param idleTimeout that the window was computed from */
  async #loadPlainly(
    ref: SessionRef,
    idleTimeout: number | undefined,
    deadline: number | undefined,
  ): Promise<LoadedSession | undefined> {
    const reading = this.#parts.nearCache?.begin(ref.handle);
    const before = this.generationOf(ref);
    try {
      const record = await this.#get(ref);
      if (record === null) {
        this.#parts.windows.close(ref.handle);
        return undefined;
      }
      // A cached session must not keep a whole batch of replies in memory.
      const decoded = this.#parts.codec.decode(ref.handle, reading === undefined ? record : unpooledCopy(record));
      if (typeof decoded === 'string' || decoded.idleTimeout !== idleTimeout)
        return await this.#loadByScript(ref, deadline);
      const session = this.#sessionOf(ref, decoded);
      const terms = this.termsOf(ref, before);
      reading?.keep({ session, secretHash: decoded.secretHash, generation: terms.generation }, record.length);
      // Not in constant time: an attacker cannot choose how the hash of a secret begins.
      if (decoded.secretHash === ref.secretHash) return { session, touched: false, ...terms };
      // Whether the grace of a replaced token is over, the clock of Redis decides.
      const isReplaced = previousToken(decoded.attributes)?.secretHash === ref.secretHash;
      return isReplaced ? await this.#loadByScript(ref, deadline) : undefined;
    } finally {
      reading?.end();
    }
  }

  /** To be called before a command is sent. */
  generationOf({ handle }: SessionRef): Generation | undefined {
    return this.#parts.connection.serverOf(this.#parts.keyPrefix + handle)?.generation;
  }

  /**
   * @param before the generation before the command: if it has changed, either server may have answered
   * @param isByPrevious whether the caller's token was replaced: nothing reports the end of its grace, so it must ask each time
   */
  termsOf(ref: SessionRef, before: Generation | undefined, isByPrevious = false): CopyTerms {
    const generation = this.generationOf(ref) === before ? before : undefined;
    return { generation, liveMs: isByPrevious ? 0 : this.#liveMs(ref) };
  }

  #liveMs({ handle }: SessionRef): number {
    return this.#parts.hasFeed ? this.#parts.windows.remainingMs(handle) : 0;
  }

  async #get({ handle }: SessionRef): Promise<Buffer | null> {
    try {
      return await this.#read(this.#parts.keyPrefix + handle);
    } catch (error) {
      throw toStoreError(error, { handle, isChange: false });
    }
  }

  /** Empty when there is no such record. */
  async #getHeader({ handle }: SessionRef): Promise<Buffer> {
    try {
      const { client } = this.#parts.connection;
      return await client.getrangeBuffer(this.#parts.keyPrefix + handle, 0, maxHeaderBytes - 1);
    } catch (error) {
      throw toStoreError(error, { handle, isChange: false });
    }
  }

  /**
   * The session in a record that a script has returned.
   *
   * @throws UnreadableRecordError
   */
  decode(ref: SessionRef, record: Buffer, accessed: number): SessionRecord {
    return this.#sessionOf(ref, { ...this.#decode(ref, record), accessed });
  }

  #decode({ handle }: SessionRef, record: Buffer): DecodedRecord {
    const decoded = this.#parts.codec.decode(handle, record);
    if (typeof decoded === 'string') throw new UnreadableRecordError(handle, decoded);
    return decoded;
  }

  #sessionOf({ handle }: SessionRef, record: DecodedRecord): SessionRecord {
    const { csrfToken, attributes, content, created, accessed, idleTimeout, version } = record;
    const { subject, label } = knownAttributes(attributes);
    const { data, flash, bytes } = content;
    const expires = expiryOf(this.#parts.expiry, record);
    // Written out because a spread takes several times as long, and this is done for every read.
    return { handle, csrfToken, subject, label, data, flash, bytes, created, accessed, idleTimeout, expires, version };
  }
}

/** Small Buffers share a pool, and each of them keeps the whole pool in memory. */
function unpooledCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
