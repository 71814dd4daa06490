import type { Content } from '../../session/content';
import type { Attributes } from '../attributes';
import { decodeAttributes, decodeContent } from '../record-body';
import type { Body } from '../record-body';

export { encodeBody } from '../record-body';

/**
 * The text of a record, which docs/reference/storage.md describes and the Lua scripts read and write too:
 *
 *     1 <version> <created> <accessed> <idle timeout or -> <secret hash> <CSRF token>
 *     <body>
 *
 * With an encrypted content, the CSRF token is a part of that, and the key's id is in its place:
 *
 *     2 <version> <created> <accessed> <idle timeout or -> <secret hash> <key id>
 *     <body>
 */
export interface DecodedHeader {
  readonly format: RecordFormat;
  readonly version: number;
  readonly created: number;
  readonly accessed: number;
  readonly idleTimeout: number | undefined;
  readonly secretHash: string;
  /** The CSRF token or, in format 2, the id of the key. */
  readonly csrfTokenOrKeyId: string;
  /** Where the body begins. */
  readonly stop: number;
}

/** 1: in clear. 2: with an encrypted content. */
export type RecordFormat = 1 | 2;

/** What of a record can be read without a key. */
export interface DecodedFront {
  readonly header: DecodedHeader;
  readonly attributes: Attributes;
  /** Where the content begins. */
  readonly stop: number;
}

/** A whole record, decrypted if it was encrypted. */
export interface DecodedRecord extends Body {
  readonly version: number;
  readonly created: number;
  readonly accessed: number;
  readonly idleTimeout: number | undefined;
  readonly secretHash: string;
  readonly csrfToken: string;
  /** Of the key that it was encrypted with; `undefined`: it is in clear. */
  readonly keyId: string | undefined;
}

/** More than a header has. */
export const maxHeaderBytes = 256;

/** As `find()` in scripts/lib/record.lua has it: numbers are whole, above 0 and without leading zeros. */
const maxDigits = { version: 15, time: 14, idle: 12 } as const;

const newline = 0x0a;
const space = 0x20;
const dash = 0x2d;
const zero = 0x30;

/** @returns `undefined` when the bytes are not a valid record in clear. The values share the memory of `record`. */
export function decodeRecord(record: Buffer): DecodedRecord | undefined {
  const front = decodeFront(record);
  if (front?.header.format !== 1) return undefined;
  const content = decodeContent(record, front.stop);
  return content && recordOf(front, front.header.csrfTokenOrKeyId, content);
}

export function recordOf({ header, attributes }: DecodedFront, csrfToken: string, content: Content): DecodedRecord {
  const { format, version, created, accessed, idleTimeout, secretHash } = header;
  const keyId = format === 1 ? undefined : header.csrfTokenOrKeyId;
  return { version, created, accessed, idleTimeout, secretHash, csrfToken, keyId, attributes, content };
}

/** @returns `undefined` when the bytes do not begin with a header and attributes. */
export function decodeFront(record: Buffer): DecodedFront | undefined {
  const header = decodeHeader(record);
  const front = header && decodeAttributes(record, header.stop);
  return front && { header, ...front };
}

/** @returns `undefined` when the bytes do not begin with a header. */
export function decodeHeader(record: Buffer): DecodedHeader | undefined {
  const header = new HeaderReader(record);
  const format = header.number(1);
  if (format !== 1 && format !== 2) return undefined;
  const version = header.number(maxDigits.version);
  const created = header.number(maxDigits.time);
  const accessed = header.number(maxDigits.time);
  const idleTimeout = header.numberOrDash(maxDigits.idle);
  const secretHash = header.word(space);
  const csrfTokenOrKeyId = header.word(newline);
  if (Number.isNaN(version + created + accessed + (idleTimeout ?? 0))) return undefined;
  if (secretHash === undefined || csrfTokenOrKeyId === undefined) return undefined;
  return { format, version, created, accessed, idleTimeout, secretHash, csrfTokenOrKeyId, stop: header.stop };
}

/** Reads the parts of a header, byte by byte, because every read of a session comes through here. */
class HeaderReader {
  readonly #record: Buffer;
  #at = 0;

  constructor(record: Buffer) {
    this.#record = record;
  }

  /** The position after the last part. */
  get stop(): number {
    return this.#at;
  }

  /** A number and the space after it; NaN if there is none. */
  number(mostDigits: number): number {
    const record = this.#record;
    const from = this.#at;
    if (record[from] === zero) return NaN;
    let number = 0;
    for (let byte = record[this.#at++]; byte !== space; byte = record[this.#at++]) {
      if (byte === undefined || byte < zero || byte > zero + 9) return NaN;
      number = number * 10 + byte - zero;
    }
    const digits = this.#at - 1 - from;
    return digits >= 1 && digits <= mostDigits ? number : NaN;
  }

  /** Like {@link number}; `undefined` for a dash. */
  numberOrDash(mostDigits: number): number | undefined {
    if (this.#record[this.#at] !== dash) return this.number(mostDigits);
    this.#at += 2;
    return this.#record[this.#at - 1] === space ? undefined : NaN;
  }

  /** Letters, digits, `-` and `_` up to the next `stop`; `undefined` for anything else. */
  word(stop: number): string | undefined {
    const from = this.#at;
    const to = this.#record.indexOf(stop, from);
    if (to < 0) return undefined;
    this.#at = to + 1;
    const word = this.#record.toString('latin1', from, to);
    return /^[\w-]+$/.test(word) ? word : undefined;
  }
}
