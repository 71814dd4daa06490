import type { FlashQueue, MutationResult } from '@session-sidecar/proto/session/v1/session';
import { EncodedValue } from '../transport/encoded-value';
import type { ValueCodec } from './codec';
import type { CapturedMutations } from './pending-writes';
import { haveSameValue } from './json';
import { assertName } from './names';
import type { FlashOptions } from './session';

interface PendingFlash {
  readonly queue: string;
  readonly message: Buffer;
  readonly unlessPresent: boolean;
}

/** A session's flash messages: the unsaved ones, and how many each queue is known to have in the sidecar. */
export class FlashMessages {
  readonly #codec: ValueCodec;
  readonly #waiting: Map<string, number>;
  #pending: readonly PendingFlash[] = [];

  constructor(codec: ValueCodec, waiting: readonly FlashQueue[] = []) {
    this.#codec = codec;
    this.#waiting = new Map(waiting.map(({ name, messageCount }) => [name, messageCount]));
  }

  push(message: unknown, { queue = '', allowDuplicate = true }: FlashOptions = {}): void {
    assertName('`queue`', queue, { mayBeEmpty: true });
    const encoded = this.#codec.encode(message, 'message');
    this.#pending = [...this.#pending, { queue, message: encoded, unlessPresent: !allowDuplicate }];
  }

  /** Adds the unsaved messages to those of another session. */
  copyUnsaved(to: FlashMessages): void {
    to.#pending = [...to.#pending, ...this.#pending];
  }

  get hasChanges(): boolean {
    return this.#pending.length > 0;
  }

  /** Whether the sidecar may have messages in a queue. */
  isWaiting(queue: string): boolean {
    return (this.#waiting.get(queue) ?? 0) > 0;
  }

  /** The messages of a queue: those from the sidecar, then the unsaved ones. */
  read<Message>(queue: string, waiting: readonly Buffer[]): Message[] {
    const messages = [...waiting];
    for (const { queue: to, message, unlessPresent } of this.#pending) {
      const isPresent = () => messages.some((other) => haveSameValue(other.toString(), message.toString()));
      if (to === queue && !(unlessPresent && isPresent())) messages.push(message);
    }
    return messages.map((message) => this.#codec.decode(new EncodedValue(message), 'message') as Message);
  }

  /** Reads a queue whose messages were popped, and forgets it. */
  take<Message>(queue: string, popped: readonly Buffer[]): Message[] {
    const messages = this.read<Message>(queue, popped);
    this.#waiting.delete(queue);
    this.#pending = this.#pending.filter((pending) => pending.queue !== queue);
    return messages;
  }

  /** @param except queues that are popped in the same step */
  capture(except: ReadonlySet<string> = new Set()): CapturedMutations {
    const captured = this.#pending.filter(({ queue }) => !except.has(queue));
    return {
      mutations: captured.map((push) => ({ kind: { $case: 'pushFlash', value: { ...push } } })),
      settle: (results: readonly MutationResult[]) => {
        this.#pending = this.#pending.filter((pending) => !captured.includes(pending));
        captured.forEach(({ queue }, index) => {
          if (results[index]?.applied) this.#waiting.set(queue, (this.#waiting.get(queue) ?? 0) + 1);
        });
      },
    };
  }
}
