/** The id of an event in its partition: the time when it was recorded, and a number among those of one millisecond. */
export interface EventId {
  readonly ms: number;
  readonly seq: number;
}

/** How far a log of events has been read. */
export interface Position {
  /** Identifies the log, 16 hexadecimal digits: a new one is begun after nothing was recorded for a while. */
  readonly log: string;
  /** Every event that was recorded before this time, in ms since 1970, is at or before the position. */
  readonly time: number;
  /** The last event at or before the position, for each partition. */
  readonly ids: readonly EventId[];
}

export const beginning: EventId = { ms: 0, seq: 0 };

/** @returns a negative number if `one` is before `other` */
export function compareIds(one: EventId, other: EventId): number {
  return one.ms - other.ms || one.seq - other.seq;
}

const logBytes = 8;
const timeBytes = 6;
const idBytes = 8;
const headerBytes = logBytes + timeBytes;

/** @returns an opaque text of visible ASCII characters */
export function toCursor({ log, time, ids }: Position): string {
  const bytes = Buffer.alloc(headerBytes + ids.length * idBytes);
  bytes.write(log, 'hex');
  bytes.writeUIntBE(time, logBytes, timeBytes);
  for (const [index, { ms, seq }] of ids.entries()) {
    const at = headerBytes + index * idBytes;
    bytes.writeUIntBE(ms, at, timeBytes);
    bytes.writeUInt16BE(Math.min(seq, 0xffff), at + timeBytes);
  }
  return bytes.toString('base64url');
}

/** @returns `undefined` if it is not a cursor of a log with so many partitions */
export function fromCursor(cursor: string, partitions: number): Position | undefined {
  const length = headerBytes + partitions * idBytes;
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.length !== length || bytes.toString('base64url') !== cursor) return undefined;
  const ids = Array.from({ length: partitions }, (_, index) => {
    const at = headerBytes + index * idBytes;
    return { ms: bytes.readUIntBE(at, timeBytes), seq: bytes.readUInt16BE(at + timeBytes) };
  });
  return { log: bytes.toString('hex', 0, logBytes), time: bytes.readUIntBE(logBytes, timeBytes), ids };
}
