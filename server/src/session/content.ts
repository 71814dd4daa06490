/** What an application keeps in a session. */
export interface ContentEntries {
  /** JSON texts by key, in the order in which the keys were first written. */
  readonly data: ReadonlyMap<string, Buffer>;
  /** Waiting flash messages by queue, oldest first. A queue without messages is not listed. */
  readonly flash: ReadonlyMap<string, readonly Buffer[]>;
}

/** Content with its size. Immutable: mutations make a new one. */
export interface Content extends ContentEntries {
  /** The size that the session size limit is about: keys, values, queue names and messages, without any overhead. */
  readonly bytes: number;
}

export const emptyContent: Content = { data: new Map(), flash: new Map(), bytes: 0 };

export function contentOf({ data, flash }: ContentEntries): Content {
  let bytes = dataBytes(data);
  for (const [queue, messages] of flash) {
    bytes += Buffer.byteLength(queue) * messages.length + bytesOf(messages);
  }
  return { data, flash, bytes };
}

export function dataBytes(data: Content['data']): number {
  let bytes = 0;
  for (const [key, value] of data) bytes += Buffer.byteLength(key) + value.length;
  return bytes;
}

export function bytesOf(buffers: readonly Buffer[]): number {
  let bytes = 0;
  for (const { length } of buffers) bytes += length;
  return bytes;
}
