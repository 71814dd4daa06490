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
  const headerStop = record.indexOf(newline);
  const [format, version, created, accessed, idle, secretHash, csrfToken] = record
    .toString('latin1', 0, headerStop)
    .split(' ');
  if (headerStop < 0 || format !== '1' || secretHash === undefined || csrfToken === undefined) return undefined;

  const data = new Map<string, Buffer>();
  const flash = new Map<string, Buffer[]>();
  let subject: string | undefined;
  let at = headerStop + 1;
  while (at < record.length) {
    const commaAt = record.indexOf(comma, at);
    const headStop = record.indexOf(space, commaAt);
    if (commaAt < 0 || headStop < 0) return undefined;
    const nameStop = headStop + 1 + Number(record.toString('latin1', at + 1, commaAt));
    const valueStop = nameStop + 1 + Number(record.toString('latin1', commaAt + 1, headStop));
    if (record[nameStop] !== space || record[valueStop] !== newline) return undefined;
    const name = record.toString('utf8', headStop + 1, nameStop);
    const value = record.subarray(nameStop + 1, valueStop);
    switch (String.fromCharCode(record[at] ?? 0)) {
      case '=':
        data.set(name, value);
        break;
      case '!': {
        const messages = flash.get(name);
        if (messages === undefined) flash.set(name, [value]);
        else messages.push(value);
        break;
      }
      case '@':
        subject = value.toString();
        break;
      default:
        return undefined;
    }
    at = valueStop + 1;
  }
  return {
    version: Number(version),
    created: Number(created),
    accessed: Number(accessed),
    idleTimeout: idle === '-' ? undefined : Number(idle),
    secretHash,
    csrfToken,
    subject,
    content: { data, flash },
  };
}
