import type { OperandProblem, Mutation, Refusal } from './session-update';
import { variable } from '../setting-names';
import { invalidArgument, schemaViolation, SessionError } from './errors';
import type { Limits } from './limits';
import { mutationField } from './validation';

/** The error for a refused update. */
export function toSessionError(refusal: Refusal, mutations: readonly Mutation[], limits: Limits): SessionError {
  if (refusal.kind === 'limit') return limitExceeded(refusal.limit, limits);
  if (refusal.kind === 'schema') return schemaViolation(refusal.violations);
  const { mutation: index, problem } = refusal;
  const mutation = mutations[index];
  const field = mutation === undefined ? '' : `${mutationField(mutation, index)}.key`;
  return invalidArgument([{ field, description: operandProblems[problem] }]);
}

export function limitExceeded(name: keyof Limits, limits: Limits): SessionError {
  const { reason, problem } = limitErrors[name];
  const limit = limits[name];
  const setting = variable(name);
  return new SessionError(reason, `${problem(limit)} Nothing was stored. ${setting} changes the limit.`, {
    metadata: { limit: String(limit), setting },
  });
}

const limitErrors = {
  maxSessionBytes: {
    reason: 'SESSION_TOO_LARGE',
    problem: (limit) => `The session would hold more than ${limit} bytes.`,
  },
  maxKeys: {
    reason: 'TOO_MANY_KEYS',
    problem: (limit) => `The session would hold more than ${limit} keys.`,
  },
  maxFlashMessages: {
    reason: 'FLASH_QUEUE_FULL',
    problem: (limit) => `The session would hold more than ${limit} messages in one flash queue.`,
  },
  maxFlashQueues: {
    reason: 'FLASH_QUEUE_FULL',
    problem: (limit) => `The session would hold more than ${limit} flash queues.`,
  },
  maxMutations: {
    reason: 'REQUEST_TOO_LARGE',
    problem: (limit) => `The request has more than ${limit} mutations.`,
  },
  maxReplyBytes: {
    reason: 'REQUEST_TOO_LARGE',
    problem: (limit) => `The reply would hold more than ${limit} bytes of values.`,
  },
  maxWorkBytes: {
    reason: 'REQUEST_TOO_LARGE',
    problem: (limit) => `The request works through more than ${limit} bytes of arrays and flash messages.`,
  },
} as const satisfies Record<keyof Limits, LimitError>;

interface LimitError {
  readonly reason: SessionError['reason'];
  readonly problem: (limit: number) => string;
}

const operandProblems = {
  no_json_array: 'Expected the key to hold a JSON array or nothing, got something else.',
  no_json_integer: 'Expected the key to hold a JSON integer or nothing, got something else.',
  integer_overflow: 'Expected a sum from -(2^53)+1 to 2^53-1, got one outside.',
} as const satisfies Record<OperandProblem, string>;
