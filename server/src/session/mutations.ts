import { bytesOf } from './content';
import type { Content } from './content';
import { changesData } from './session-update';
import type { Mutation, OperandProblem, MutationResult, Refusal } from './session-update';
import type { DataCheck } from './data-rule';
import { Draft } from './draft';
import type { Limits } from './limits';

export type Applied =
  | { readonly status: 'applied'; readonly content: Content; readonly results: readonly MutationResult[] }
  | { readonly status: 'refused'; readonly refusal: Refusal };

/**
 * Applies mutations in order, all of them or none. `store/redis/scripts/lib/mutations.lua` does the same in Redis; the contract
 * suite and the model tests compare the two.
 *
 * @param check what else the result must be; Redis cannot check that
 */
export function applyMutations(
  content: Content,
  mutations: readonly Mutation[],
  limits: Limits,
  check?: DataCheck,
): Applied {
  const draft = new Draft(content);
  const budget = new Budget(limits, content.bytes);
  const results: MutationResult[] = [];
  for (const [index, mutation] of mutations.entries()) {
    const result = applyMutation(draft, mutation, budget);
    if (typeof result !== 'string') results.push(result);
    else if (isBudget(result)) return { status: 'refused', refusal: { kind: 'limit', limit: result } };
    else return { status: 'refused', refusal: { kind: 'operand', mutation: index, problem: result } };
  }
  const changed = draft.toContent();
  const limit = exceededLimit(content, changed, limits);
  if (limit !== undefined) return { status: 'refused', refusal: { kind: 'limit', limit } };
  const violations = check?.isOn && changesData(mutations) ? check.added(content.data, changed.data) : [];
  if (violations.length > 0) return { status: 'refused', refusal: { kind: 'schema', violations } };
  return { status: 'applied', content: changed, results };
}

/** The bytes of results, as {@link Limits.maxReplyBytes} counts them. */
export function replyBytes(results: readonly MutationResult[]): number {
  return bytesOf(results.flatMap(({ value, messages }) => [...(value ? [value] : []), ...(messages ?? [])]));
}

/** Only growth is rejected, so that a session that exceeds a lowered limit can still shrink and end. */
function exceededLimit(before: Content, after: Content, limits: Limits): keyof Limits | undefined {
  if (after.data.size > Math.max(limits.maxKeys, before.data.size)) return 'maxKeys';
  if (after.flash.size > Math.max(limits.maxFlashQueues, before.flash.size)) return 'maxFlashQueues';
  for (const [queue, messages] of after.flash) {
    if (messages.length > Math.max(limits.maxFlashMessages, before.flash.get(queue)?.length ?? 0))
      return 'maxFlashMessages';
  }
  return after.bytes > Math.max(limits.maxSessionBytes, before.bytes) ? 'maxSessionBytes' : undefined;
}

type BudgetName = 'maxReplyBytes' | 'maxWorkBytes';

/** The remaining budgets of one request. A mutation spends before it changes anything. */
class Budget {
  readonly #left: Record<BudgetName, number>;

  constructor({ maxReplyBytes, maxWorkBytes }: Limits, sessionBytes: number) {
    this.#left = {
      maxReplyBytes: Math.max(maxReplyBytes, sessionBytes),
      maxWorkBytes: Math.max(maxWorkBytes, sessionBytes),
    };
  }

  /** @returns whether enough was left */
  spend(name: BudgetName, bytes: number): boolean {
    this.#left[name] -= bytes;
    return this.#left[name] >= 0;
  }
}

function isBudget(problem: OperandProblem | BudgetName): problem is BudgetName {
  return problem === 'maxReplyBytes' || problem === 'maxWorkBytes';
}

function applyMutation(draft: Draft, mutation: Mutation, budget: Budget): MutationResult | OperandProblem | BudgetName {
  switch (mutation.kind) {
    case 'set':
      draft.set(mutation.key, mutation.value);
      return { applied: true };
    case 'set_if_absent': {
      const { key, value } = mutation;
      if (!budget.spend('maxReplyBytes', draft.lengthOf(key) ?? value.length)) return 'maxReplyBytes';
      const held = draft.get(key);
      if (held !== undefined) return { applied: false, value: held };
      draft.set(key, value);
      return { applied: true, value };
    }
    case 'delete':
      return { applied: draft.delete(mutation.key) };
    case 'take': {
      if (!budget.spend('maxReplyBytes', draft.lengthOf(mutation.key) ?? 0)) return 'maxReplyBytes';
      const value = draft.take(mutation.key);
      return value === undefined ? { applied: false } : { applied: true, value };
    }
    case 'clear': {
      const applied = draft.keys > 0;
      draft.clear();
      return { applied };
    }
    case 'append': {
      const { key, value, unlessPresent } = mutation;
      if (!budget.spend('maxWorkBytes', draft.unreadArrayBytes(key))) return 'maxWorkBytes';
      const array = draft.arrayAt(key);
      return array === undefined ? 'no_json_array' : { applied: array.append(value, unlessPresent) };
    }
    case 'increment': {
      const held = draft.get(mutation.key)?.toString('latin1') ?? '0';
      if (!/^(?:0|-?[1-9][0-9]*)$/.test(held)) return 'no_json_integer';
      const sum = Number(held) + mutation.by;
      if (!Number.isSafeInteger(Number(held)) || !Number.isSafeInteger(sum)) return 'integer_overflow';
      const value = Buffer.from(String(sum));
      if (!budget.spend('maxReplyBytes', value.length)) return 'maxReplyBytes';
      draft.set(mutation.key, value);
      return { applied: true, value };
    }
    case 'push_flash': {
      const { queue, message, unlessPresent } = mutation;
      if (unlessPresent && !budget.spend('maxWorkBytes', draft.unreadQueueBytes(queue))) return 'maxWorkBytes';
      return { applied: draft.push(queue, message, unlessPresent) };
    }
    case 'pop_flash': {
      if (!budget.spend('maxReplyBytes', draft.queueBytes(mutation.queue))) return 'maxReplyBytes';
      const messages = draft.pop(mutation.queue);
      return { applied: messages.length > 0, messages };
    }
  }
}
