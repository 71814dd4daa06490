/**
 * What sessions do, as simply as it can be said: plain values, parsed JSON, one clock. Shares no code with the product. An
 * operation that fails returns the reason it fails with.
 */
export type Json = number | string | Json[];

export type ModelOperation =
  | { kind: 'set' | 'set_if_absent'; key: string; value: Json }
  | { kind: 'delete' | 'take'; key: string }
  | { kind: 'clear' }
  | { kind: 'append'; key: string; value: Json; unlessPresent: boolean }
  | { kind: 'increment'; key: string; by: number }
  | { kind: 'push_flash'; queue: string; message: Json; unlessPresent: boolean }
  | { kind: 'pop_flash'; queue: string };

export interface ModelSession {
  token: number;
  data: Map<string, Json>;
  flash: Map<string, Json[]>;
  subject: string | undefined;
  version: number;
  created: number;
  accessed: number;
  idle: number | undefined;
}

export interface ModelResult {
  applied: boolean;
  value?: Json;
  messages?: Json[];
}

export const modelLimits = {
  maxKeys: 4,
  maxFlashMessages: 3,
  maxFlashQueues: 2,
  maxSessionBytes: 10_000,
  maxMutations: 100,
  maxReplyBytes: 10_000,
  maxWorkBytes: 10_000,
};
const second = 1000;
export const modelIdle = 1200 * second;
export const modelLifetime = 7200 * second;
const touchInterval = 60 * second;

export class SessionModel {
  readonly sessions: ModelSession[] = [];
  /** Every token ever issued, by number, with the session it was for. */
  readonly tokens: ModelSession[] = [];
  now = 0;

  /** The session of a token, if it still opens one. */
  find(token: number): ModelSession | undefined {
    const session = this.tokens[token];
    return session?.token === token && this.now < this.endOf(session) ? session : undefined;
  }

  endOf({ accessed, idle, created }: ModelSession): number {
    const idleEnd = idle === undefined ? Infinity : accessed + idle + Math.min(idle / 10, touchInterval);
    return Math.min(idleEnd, created + modelLifetime);
  }

  touchDueAt({ accessed, idle }: ModelSession): number {
    return accessed + (idle === undefined ? touchInterval : Math.min(idle / 10, touchInterval));
  }

  touch(session: ModelSession): void {
    if (this.now >= this.touchDueAt(session)) session.accessed = this.now;
  }

  create(operations: ModelOperation[]): ModelResult[] | string {
    const session: ModelSession = {
      token: this.tokens.length,
      data: new Map(),
      flash: new Map(),
      subject: undefined,
      version: 0,
      created: this.now,
      accessed: this.now,
      idle: modelIdle,
    };
    const results = this.apply(session, operations, { always: true });
    if (typeof results !== 'string') {
      this.tokens.push(session);
      this.sessions.push(session);
    }
    return results;
  }

  /** The old token's number stays in `tokens` and opens nothing any more. */
  regenerate(session: ModelSession): void {
    session.token = this.tokens.length;
    this.tokens.push(session);
  }

  end(session: ModelSession): void {
    session.token = -1;
  }

  apply(session: ModelSession, operations: ModelOperation[], { always = false } = {}): ModelResult[] | string {
    const data = new Map(session.data);
    const flash = new Map([...session.flash].map(([queue, messages]) => [queue, [...messages]]));
    const results: ModelResult[] = [];
    for (const operation of operations) {
      const result = applyOne(data, flash, operation);
      if (typeof result === 'string') return result;
      results.push(result);
    }
    if (data.size > modelLimits.maxKeys) return 'TOO_MANY_KEYS';
    if (flash.size > modelLimits.maxFlashQueues) return 'FLASH_QUEUE_FULL';
    if ([...flash.values()].some((messages) => messages.length > modelLimits.maxFlashMessages))
      return 'FLASH_QUEUE_FULL';
    if (always || results.some(({ applied }) => applied)) {
      Object.assign(session, { data, flash, version: session.version + 1, accessed: this.now });
    } else {
      this.touch(session);
    }
    return results;
  }

  pop(session: ModelSession, queue: string): Json[] {
    const messages = session.flash.get(queue) ?? [];
    if (session.flash.delete(queue)) {
      session.version += 1;
      session.accessed = this.now;
    } else {
      this.touch(session);
    }
    return messages;
  }

  changeSomethingElse(session: ModelSession): void {
    session.version += 1;
    session.accessed = this.now;
  }
}

function applyOne(
  data: Map<string, Json>,
  flash: Map<string, Json[]>,
  operation: ModelOperation,
): ModelResult | string {
  switch (operation.kind) {
    case 'set':
      data.set(operation.key, operation.value);
      return { applied: true };
    case 'set_if_absent': {
      const applied = !data.has(operation.key);
      if (applied) data.set(operation.key, operation.value);
      return { applied, value: data.get(operation.key)! };
    }
    case 'delete':
      return { applied: data.delete(operation.key) };
    case 'take': {
      const value = data.get(operation.key);
      return data.delete(operation.key) ? { applied: true, value: value! } : { applied: false };
    }
    case 'clear': {
      const applied = data.size > 0;
      data.clear();
      return { applied };
    }
    case 'append': {
      const list = data.get(operation.key) ?? [];
      if (!Array.isArray(list)) return 'INVALID_ARGUMENT';
      if (operation.unlessPresent && has(list, operation.value)) return { applied: false };
      data.set(operation.key, [...list, operation.value]);
      return { applied: true };
    }
    case 'increment': {
      const held = data.get(operation.key) ?? 0;
      if (typeof held !== 'number') return 'INVALID_ARGUMENT';
      const sum = held + operation.by;
      if (!Number.isSafeInteger(sum)) return 'INVALID_ARGUMENT';
      data.set(operation.key, sum);
      return { applied: true, value: sum };
    }
    case 'push_flash': {
      const messages = flash.get(operation.queue) ?? [];
      if (operation.unlessPresent && has(messages, operation.message)) return { applied: false };
      flash.set(operation.queue, [...messages, operation.message]);
      return { applied: true };
    }
    case 'pop_flash': {
      const messages = flash.get(operation.queue) ?? [];
      return { applied: flash.delete(operation.queue), messages };
    }
  }
}

function has(list: Json[], value: Json): boolean {
  return list.some((element) => JSON.stringify(element) === JSON.stringify(value));
}
