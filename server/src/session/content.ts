import type { Operation, OperandProblem, OperationResult, Refusal } from './change';
import { appendToJsonArray } from './json-array';
import type { KnownElements } from './json-array';
import type { Limits } from './limits';

/** What an application keeps in a session. Treated as immutable: operations make a new one. */
export interface Content {
  /** JSON texts by key, in the order in which the keys were first written. */
  readonly data: ReadonlyMap<string, Buffer>;
  /** Waiting flash messages by queue, oldest first. A queue without messages is not listed. */
  readonly flash: ReadonlyMap<string, readonly Buffer[]>;
}

export const emptyContent: Content = { data: new Map(), flash: new Map() };

/** The size that the session size limit is about: keys, values, queue names and messages, without any overhead. */
export function contentBytes({ data, flash }: Content): number {
  let bytes = 0;
  for (const [key, value] of data) bytes += Buffer.byteLength(key) + value.length;
  for (const [queue, messages] of flash) {
    for (const message of messages) bytes += Buffer.byteLength(queue) + message.length;
  }
  return bytes;
}

export type Applied =
  | { readonly status: 'applied'; readonly content: Content; readonly results: readonly OperationResult[] }
  | { readonly status: 'refused'; readonly refusal: Refusal };

/**
 * Applies operations in order, all of them or none. `store/redis/update.lua` does the same inside Redis; the contract suite
 * and the model test hold the two together.
 */
export function applyOperations(content: Content, operations: readonly Operation[], limits: Limits): Applied {
  const data = new Map(content.data);
  const flash = new Map(content.flash);
  const known: KnownElements = new WeakMap();
  const results: OperationResult[] = [];
  for (const [index, operation] of operations.entries()) {
    const result = applyOperation(data, flash, operation, known);
    if (typeof result === 'string') {
      return { status: 'refused', refusal: { kind: 'operand', operation: index, problem: result } };
    }
    results.push(result);
  }
  const changed = { data, flash };
  const limit = exceededLimit(content, changed, limits);
  if (limit !== undefined) return { status: 'refused', refusal: { kind: 'limit', limit } };
  return { status: 'applied', content: changed, results };
}

/** Only growth is refused, so that a session from before a limit was lowered can still shrink, and still log out. */
function exceededLimit(before: Content, after: Content, limits: Limits): keyof Limits | undefined {
  if (after.data.size > Math.max(limits.maxKeys, before.data.size)) return 'maxKeys';
  for (const [queue, messages] of after.flash) {
    if (messages.length > Math.max(limits.maxFlashMessages, before.flash.get(queue)?.length ?? 0))
      return 'maxFlashMessages';
  }
  return contentBytes(after) > Math.max(limits.maxSessionBytes, contentBytes(before)) ? 'maxSessionBytes' : undefined;
}

function applyOperation(
  data: Map<string, Buffer>,
  flash: Map<string, readonly Buffer[]>,
  operation: Operation,
  known: KnownElements,
): OperationResult | OperandProblem {
  switch (operation.kind) {
    case 'set':
      data.set(operation.key, operation.value);
      return { applied: true };
    case 'set_if_absent': {
      const held = data.get(operation.key);
      if (held !== undefined) return { applied: false, value: held };
      data.set(operation.key, operation.value);
      return { applied: true, value: operation.value };
    }
    case 'delete':
      return { applied: data.delete(operation.key) };
    case 'take': {
      const value = data.get(operation.key);
      if (value === undefined) return { applied: false };
      data.delete(operation.key);
      return { applied: true, value };
    }
    case 'clear': {
      const applied = data.size > 0;
      data.clear();
      return { applied };
    }
    case 'append': {
      const array = data.get(operation.key) ?? Buffer.from('[]');
      const appended = appendToJsonArray(array, operation.value, operation.unlessPresent, known);
      if (appended === undefined) return 'no_json_array';
      if (appended === 'present') return { applied: false };
      data.set(operation.key, appended);
      return { applied: true };
    }
    case 'increment': {
      const held = data.get(operation.key)?.toString('latin1') ?? '0';
      if (!/^(?:0|-?[1-9][0-9]*)$/.test(held)) return 'no_json_integer';
      const sum = Number(held) + operation.by;
      if (!Number.isSafeInteger(Number(held)) || !Number.isSafeInteger(sum)) return 'integer_overflow';
      const value = Buffer.from(String(sum));
      data.set(operation.key, value);
      return { applied: true, value };
    }
    case 'push_flash': {
      const messages = flash.get(operation.queue) ?? [];
      if (operation.unlessPresent && messages.some((message) => message.equals(operation.message))) {
        return { applied: false };
      }
      flash.set(operation.queue, [...messages, operation.message]);
      return { applied: true };
    }
    case 'pop_flash': {
      const messages = flash.get(operation.queue) ?? [];
      return { applied: flash.delete(operation.queue), messages };
    }
  }
}
