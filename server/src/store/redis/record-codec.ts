import type { Content } from '../../session/content';

/**
 * The text of a record, which docs/storage.md describes and the Lua scripts read and write too:
 *
 *     1 <version> <created> <accessed> <idle timeout or -> <secret hash> <CSRF token>
 *     @0,<bytes> <empty> <subject>
 *     =<key bytes>,<value bytes> <key> <value>
 *     !<queue bytes>,<message bytes> <queue> <message>
 */
export interface DecodedRecord {
  readonly version: number;
  readonly created: number;
  readonly accessed: number;
  readonly idleTimeout: number | undefined;
  readonly secretHash: string;
  readonly csrfToken: string;
  readonly subject: string | undefined;
  readonly content: Content;
}

const newline = 0x0a;
const space = 0x20;
const comma = 0x2c;
const at = 0x40;
const dash = 0x2d;
const equals = 0x3d;
const exclamation = 0x21;

export function encodeBody({ data, flash }: Content, subject: string | undefined): Buffer {
  const lines: Buffer[] = [];
  if (subject !== undefined) lines.push(encodeLine('@', '', Buffer.from(subject)));
  for (const [key, value] of data) lines.push(encodeLine('=', key, value));
  for (const [queue, messages] of flash) {
    for (const message of messages) lines.push(encodeLine('!', queue, message));
  }
  return Buffer.concat(lines);
}

function encodeLine(kind: string, name: string, value: Buffer): Buffer {
  const head = Buffer.from(`${kind}${Buffer.byteLength(name)},${value.length} ${name} `);
  return Buffer.concat([head, value, Buffer.of(newline)]);
}

/** @returns `undefined` when the bytes are no record. The values share the memory of `record`. */
export function decodeRecord(record: Buffer): DecodedRecord | undefined {
  const reader = new RecordReader(record);
  if (reader.number(space) !== 1) return undefined;
  const version = reader.number(space);
  const created = reader.number(space);
  const accessed = reader.number(space);
  const idleTimeout = reader.numberOrDash(space);
  const secretHash = reader.word(space);
  const csrfToken = reader.word(newline);
  if (Number.isNaN(version + created + accessed + (idleTimeout ?? 0))) return undefined;
  if (secretHash === undefined || csrfToken === undefined) return undefined;

  const data = new Map<string, Buffer>();
  const flash = new Map<string, Buffer[]>();
  let subject: string | undefined;
  while (!reader.atEnd) {
    const kind = reader.byte();
    const line = reader.nameAndValue();
    if (line === undefined) return undefined;
    const { name, value } = line;
    if (kind === equals) {
      data.set(name, value);
    } else if (kind === exclamation) {
      const messages = flash.get(name);
      if (messages === undefined) flash.set(name, [value]);
      else messages.push(value);
    } else if (kind === at) {
      subject = value.toString();
    } else {
      return undefined;
    }
  }
  return {
    version,
    created,
    accessed,
    idleTimeout,
    secretHash,
    csrfToken,
    subject,
    content: { data, flash },
  };
}

/** Reads a record from its beginning to its end, byte by byte, because every read of a session comes through here. */
class RecordReader {
  readonly #record: Buffer;
  #at = 0;

  constructor(record: Buffer) {
    this.#record = record;
  }

  get atEnd(): boolean {
    return this.#at >= this.#record.length;
  }

  byte(): number | undefined {
    return this.#record[this.#at++];
  }

  /** A number and the byte after it; NaN when that is not what is there. */
  number(stop: number): number {
    const record = this.#record;
    let number = 0;
    for (let byte = record[this.#at++]; byte !== stop; byte = record[this.#at++]) {
      if (byte === undefined || byte < 0x30 || byte > 0x39) return NaN;
      number = number * 10 + byte - 0x30;
    }
    return number;
  }

  /** As {@link number}; `undefined` when there is a dash. */
  numberOrDash(stop: number): number | undefined {
    if (this.#record[this.#at] !== dash) return this.number(stop);
    this.#at += 1;
    return this.byte() === stop ? undefined : NaN;
  }

  /** What comes before the next `stop`, and that; `undefined` when there is none. */
  word(stop: number): string | undefined {
    const from = this.#at;
    const to = this.#record.indexOf(stop, from);
    if (to < 0) return undefined;
    this.#at = to + 1;
    return this.#record.toString('latin1', from, to);
  }

  /** The rest of a line after its kind; `undefined` when the lengths in it are wrong. */
  nameAndValue(): { readonly name: string; readonly value: Buffer } | undefined {
    const record = this.#record;
    const nameBytes = this.number(comma);
    const valueBytes = this.number(space);
    const nameStop = this.#at + nameBytes;
    const valueStop = nameStop + 1 + valueBytes;
    if (record[nameStop] !== space || record[valueStop] !== newline) return undefined;
    const name = record.toString('utf8', this.#at, nameStop);
    const value = record.subarray(nameStop + 1, valueStop);
    this.#at = valueStop + 1;
    return { name, value };
  }
}
