import { isUtf8 } from 'node:buffer';
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
 */
export interface Body {
  readonly attributes: Attributes;
  readonly content: Content;
}

const newline = 0x0a;
const space = 0x20;
const comma = 0x2c;
const at = 0x40;
const equals = 0x3d;
const exclamation = 0x21;

/** Replaces invalid UTF-8 when decoding; valid text may contain it, too. */
const replacement = '\ufffd';

/** @returns bytes in memory of their own */
export function encodeBody({ data, flash }: ContentEntries, attributes: Attributes): Buffer {
  const entries: Entry[] = [];
  for (const [name, value] of attributes) entries.push(entryOf('@', name, Buffer.from(value)));
  for (const [key, value] of data) entries.push(entryOf('=', key, value));
  for (const [queue, messages] of flash) {
    for (const message of messages) entries.push(entryOf('!', queue, message));
  }
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
  const reader = new EntryReader(bytes, from);
  const data = new Map<string, Buffer>();
  const flash = new Map<string, Buffer[]>();
  let attributes: Map<string, string> | undefined;
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
      contentBytes += nameBytes + value.length;
    } else if (kind === exclamation) {
      const messages = flash.get(name);
      if (messages === undefined) flash.set(name, [value]);
      else messages.push(value);
      contentBytes += nameBytes + value.length;
    } else if (kind === at) {
      const isFirst = keys === 0 && flash.size === 0;
      if (!isFirst || attributes?.has(name) === true || value.length === 0) return undefined;
      const text = value.toString();
      if (text.includes(replacement) && !isUtf8(value)) return undefined;
      attributes = (attributes ?? new Map<string, string>()).set(name, text);
    } else {
      return undefined;
    }
  }
  if (data.size !== keys) return undefined;
  return { attributes: attributes ?? noAttributes, content: { data, flash, bytes: contentBytes } };
}

/** Reads entries byte by byte, because every read of a session comes through here. */
class EntryReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, from: number) {
    this.#bytes = bytes;
    this.#at = from;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
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
