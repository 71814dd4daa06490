import { bytesOf, contentOf } from './content';
import type { Content } from './content';
import { JsonArray } from './json-array';
import { canonicalJson } from './json-value';

/**
 * A content while mutations change it. A mutation takes time in proportion to its own bytes; the first one on an array or a queue,
 * also to the bytes of that array or queue.
 */
export class Draft {
  /** A key whose array was opened has its position here and its value in {@link #arrays}. */
  readonly #data: Map<string, Buffer>;
  readonly #arrays = new Map<string, JsonArray>();
  /** A queue that was pushed to has its position here and its messages in {@link #queues}. */
  readonly #flash: Map<string, readonly Buffer[]>;
  readonly #queues = new Map<string, MessageQueue>();

  constructor({ data, flash }: Content) {
    this.#data = new Map(data);
    this.#flash = new Map(flash);
  }

  get keys(): number {
    return this.#data.size;
  }

  lengthOf(key: string): number | undefined {
    return this.#arrays.get(key)?.byteLength ?? this.#data.get(key)?.length;
  }

  get(key: string): Buffer | undefined {
    return this.#arrays.get(key)?.toBuffer() ?? this.#data.get(key);
  }

  set(key: string, value: Buffer): void {
    this.#data.set(key, value);
    this.#arrays.delete(key);
  }

  delete(key: string): boolean {
    this.#arrays.delete(key);
    return this.#data.delete(key);
  }

  take(key: string): Buffer | undefined {
    const value = this.get(key);
    this.delete(key);
    return value;
  }

  clear(): void {
    this.#data.clear();
    this.#arrays.clear();
  }

  /** The bytes that {@link arrayAt} has to read. */
  unreadArrayBytes(key: string): number {
    return this.#arrays.has(key) ? 0 : (this.#data.get(key)?.length ?? 0);
  }

  /** The array at a key, empty if the key does not exist; `undefined` if the value is not an array. */
  arrayAt(key: string): JsonArray | undefined {
    const opened = this.#arrays.get(key);
    if (opened !== undefined) return opened;
    const held = this.#data.get(key) ?? Buffer.from('[]');
    const array = JsonArray.open(held);
    if (array === undefined) return undefined;
    this.#data.set(key, held);
    this.#arrays.set(key, array);
    return array;
  }

  queueBytes(queue: string): number {
    return bytesOf(this.#messagesOf(queue));
  }

  /** The bytes that a search of the queue for a message has to read. */
  unreadQueueBytes(queue: string): number {
    return this.#queues.get(queue)?.isKnown === true ? 0 : this.queueBytes(queue);
  }

  push(queue: string, message: Buffer, unlessPresent: boolean): boolean {
    let messages = this.#queues.get(queue);
    if (messages === undefined) {
      const held = this.#flash.get(queue) ?? [];
      messages = new MessageQueue(held);
      this.#flash.set(queue, held);
      this.#queues.set(queue, messages);
    }
    return messages.push(message, unlessPresent);
  }

  pop(queue: string): readonly Buffer[] {
    const messages = this.#messagesOf(queue);
    this.#flash.delete(queue);
    this.#queues.delete(queue);
    return messages;
  }

  /** The resulting content. Ends the draft. */
  toContent(): Content {
    for (const [key, array] of this.#arrays) this.#data.set(key, array.toBuffer());
    for (const [queue, { messages }] of this.#queues) this.#flash.set(queue, messages);
    return contentOf({ data: this.#data, flash: this.#flash });
  }

  #messagesOf(queue: string): readonly Buffer[] {
    return this.#queues.get(queue)?.messages ?? this.#flash.get(queue) ?? [];
  }
}

class MessageQueue {
  readonly messages: Buffer[];
  /** By their canonical texts; `undefined` until a search needs them. */
  #known: Set<string> | undefined;

  constructor(messages: readonly Buffer[]) {
    this.messages = [...messages];
  }

  get isKnown(): boolean {
    return this.#known !== undefined;
  }

  push(message: Buffer, unlessPresent: boolean): boolean {
    if (unlessPresent) this.#known ??= new Set(this.messages.map(valueOf));
    const text = this.#known === undefined ? '' : valueOf(message);
    if (unlessPresent && this.#known?.has(text) === true) return false;
    this.#known?.add(text);
    this.messages.push(message);
    return true;
  }
}

function valueOf(message: Buffer): string {
  return canonicalJson(message.toString('latin1'));
}
