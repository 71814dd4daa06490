/** What an application keeps in a session. Treated as immutable: mutations make a new one. */
export interface Content {
  /** JSON texts by key, in the order in which the keys were first written. */
  readonly data: ReadonlyMap<string, Buffer>;
  /** Waiting flash messages by queue, oldest first. A queue without messages is not listed. */
  readonly flash: ReadonlyMap<string, readonly Buffer[]>;
}

export const emptyContent: Content = { data: new Map(), flash: new Map() };

/** The size that the session size limit is about: keys, values, queue names and messages, without any overhead. */
export function contentBytes({ data, flash }: Content): number {
  let bytes = dataBytes(data);
  for (const [queue, messages] of flash) {
    bytes += Buffer.byteLength(queue) * messages.length + bytesOf(messages);
  }
  return bytes;
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
