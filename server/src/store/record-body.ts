import { isUtf8 } from 'node:buffer';
import { emptyContent } from '../session/content';
import type { Content, ContentEntries } from '../session/content';
import { noAttributes } from './attributes';
import type { Attributes } from './attributes';

/**
 * The encoded content of a session: one entry for each attribute, then one for each key and for each flash message. Lengths count
 * bytes, so names and values may contain any.
 *
 *     @<name bytes>,<value bytes> <name> <value>
 *     =<key bytes>,<value bytes> <key> <value>
 *     !<queue bytes>,<message bytes> <queue> <message>
 *
 * An encrypted content is one entry instead, whose name is that of the cipher:
 *
 *     *<cipher bytes>,<value bytes> <cipher> <value>
 */
export interface Body {
  readonly attributes: Attributes;
  readonly content: Content;
}

/** An encrypted content. */
export interface Sealed {
  readonly cipher: string;
  readonly value: Buffer;
}

const newline = 0x0a;
const space = 0x20;
const comma = 0x2c;
const at = 0x40;
const equals = 0x3d;
const exclamation = 0x21;
const asterisk = 0x2a;

/** Replaces invalid UTF-8 when decoding; valid text may contain it, too. */
const replacement = '\ufffd';

/** @returns bytes in memory of their own */
export function encodeBody({ data, flash }: ContentEntries, attributes: Attributes): Buffer {
  const entries = attributeEntries(attributes);
  for (const [key, value] of data) entries.push(entryOf('=', key, value));
  for (const [queue, messages] of flash) {
    for (const message of messages) entries.push(entryOf('!', queue, message));
  }
  return encodeEntries(entries);
}

/** As {@link encodeBody}, with an encrypted content. */
export function encodeSealedBody({ cipher, value }: Sealed, attributes: Attributes): Buffer {
  return encodeEntries([...attributeEntries(attributes), entryOf('*', cipher, value)]);
}

function attributeEntries(attributes: Attributes): Entry[] {
  return [...attributes].map(([name, value]) => entryOf('@', name, Buffer.from(value)));
}

function encodeEntries(entries: readonly Entry[]): Buffer {
  const body = Buffer.allocUnsafeSlow(entries.reduce((bytes, { head, value }) => bytes + entryBytes(head, value), 0));
  let end = 0;
  for (const { head, value } of entries) {
    end += body.write(head, end);
    end += value.copy(body, end);
    end = body.writeUInt8(newline, end);
  }
  return body;
}

interface Entry {
  readonly head: string;
  readonly value: Buffer;
}

function entryOf(kind: string, name: string, value: Buffer): Entry {
  return { head: `${kind}${Buffer.byteLength(name)},${value.length} ${name} `, value };
}

function entryBytes(head: string, value: Buffer): number {
  return Buffer.byteLength(head) + value.length + 1;
}

/**
 * `parse()` in redis/scripts/lib/body.lua accepts the same bytes.
 *
 * @param from where the body begins.
 * @returns `undefined` if the bytes are damaged. The values share the memory of `bytes`
 */
export function decodeBody(bytes: Buffer, from: number): Body | undefined {
  const front = decodeAttributes(bytes, from);
  const content = front && decodeContent(bytes, front.stop);
  return content && { attributes: front.attributes, content };
}

/**
 * What a body begins with, and can be read without a key.
 *
 * @returns the attributes, and where the content begins; `undefined` if they are damaged
 */
export function decodeAttributes(
  bytes: Buffer,
  from: number,
): { readonly attributes: Attributes; readonly stop: number } | undefined {
  if (bytes[from] !== at) return { attributes: noAttributes, stop: from };
  const attributes = new Map<string, string>();
  const reader = new EntryReader(bytes, from);
  while (reader.next === at) {
    reader.byte();
    const { name, value } = reader.nameAndValue() ?? {};
    if (name === undefined || value === undefined || value.length === 0 || attributes.has(name)) return undefined;
    const text = value.toString();
    if (text.includes(replacement) && !isUtf8(value)) return undefined;
    attributes.set(name, text);
  }
  return { attributes, stop: reader.position };
}

/** @returns `undefined` if the bytes are damaged. The values share the memory of `bytes` */
export function decodeContent(bytes: Buffer, from: number): Content | undefined {
  if (from === bytes.length) return emptyContent;
  const reader = new EntryReader(bytes, from);
  const data = new Map<string, Buffer>();
  const flash = new Map<string, Buffer[]>();
  let keys = 0;
  let contentBytes = 0;
  while (!reader.atEnd) {
    const kind = reader.byte();
    const entry = reader.nameAndValue();
    if (entry === undefined) return undefined;
    const { name, nameBytes, value } = entry;
    if (kind === equals) {
      data.set(name, value);
      keys += 1;
    } else if (kind === exclamation) {
      const messages = flash.get(name);
      if (messages === undefined) flash.set(name, [value]);
      else messages.push(value);
    } else {
      return undefined;
    }
    contentBytes += nameBytes + value.length;
  }
  return data.size === keys ? { data, flash, bytes: contentBytes } : undefined;
}

/** @returns `undefined` if the bytes are damaged. The value shares the memory of `bytes` */
export function decodeSealed(bytes: Buffer, from: number): Sealed | undefined {
  const reader = new EntryReader(bytes, from);
  const kind = reader.byte();
  const { name: cipher, value } = reader.nameAndValue() ?? {};
  if (kind !== asterisk || cipher === undefined || value === undefined || !reader.atEnd) return undefined;
  return { cipher, value };
}

/** Reads entries byte by byte, because every read of a session comes through here. */
class EntryReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, from: number) {
    this.#bytes = bytes;
    this.#at = from;
  }

  get position(): number {
    return this.#at;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  get next(): number | undefined {
    return this.#bytes[this.#at];
  }

  byte(): number | undefined {
    return this.#bytes[this.#at++];
  }

  /** The rest of an entry after its kind; `undefined` if its lengths are wrong. */
  nameAndValue(): { readonly name: string; readonly nameBytes: number; readonly value: Buffer } | undefined {
    const bytes = this.#bytes;
    const nameBytes = this.#length(comma);
    const valueBytes = this.#length(space);
    const nameStop = this.#at + nameBytes;
    const valueStop = nameStop + 1 + valueBytes;
    if (bytes[nameStop] !== space || bytes[valueStop] !== newline) return undefined;
    const name = bytes.toString('utf8', this.#at, nameStop);
    if (name.includes(replacement) && !isUtf8(bytes.subarray(this.#at, nameStop))) return undefined;
    const value = bytes.subarray(nameStop + 1, valueStop);
    this.#at = valueStop + 1;
    return { name, nameBytes, value };
  }

  /** A number and the byte after it; NaN if there is none. */
  #length(stop: number): number {
    const bytes = this.#bytes;
    const from = this.#at;
    let length = 0;
    for (let byte = bytes[this.#at++]; byte !== stop; byte = bytes[this.#at++]) {
      if (byte === undefined || byte < 0x30 || byte > 0x39) return NaN;
      length = length * 10 + byte - 0x30;
    }
    return this.#at === from + 1 ? NaN : length;
  }
}
