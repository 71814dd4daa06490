import { beforeAll, describe, expect, test } from '@jest/globals';
import { stackForAllTests } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import { pythonModes, startPython } from './python-runner';
import type { Order, Outcome, Runner } from './runner';
import { limits } from './steps';

/*
 * In every mode of the Python client, a call has the same result, or the same error with the same message.
 */
const { python } = toolchains();
sayIfMissing('whether the transports of the Python client agree', python);
const run = python.missing === undefined ? test : test.skip;

const stack = stackForAllTests();
let runners: Runner[] = [];

beforeAll(async () => {
  const { address } = await stack.sidecar({ redis: await stack.redis(), env: limits });
  if (python.missing !== undefined) return;
  runners = pythonModes.map((mode) => startPython(stack, python, address, { mode }));
});

type Step = Omit<Order, 'actor'> & { readonly actor?: string; readonly withTokenOf?: string };

const create: Step[] = [{ op: 'open' }, { op: 'set', key: 'a', value: '1' }, { op: 'save' }];
const reopened: Step[] = [...create, { op: 'open', actor: 'other', withTokenOf: 'me' }];
const long = (length: number) => 'x'.repeat(length);

/** Each case has its own sessions. */
const calls: Readonly<Record<string, readonly Step[]>> = {
  'a session from its creation to its end': [
    ...reopened,
    { op: 'get', actor: 'other', key: 'a' },
    { op: 'set', key: 'Grüße 👋', value: '[1.5, null, "\\ud83d\\udc4b", 9007199254740993]' },
    { op: 'flash', value: '"saved"' },
    { op: 'setSubject', value: 'ada' },
    { op: 'setIdleTimeout', seconds: 60 },
    { op: 'save' },
    { op: 'describe' },
    { op: 'open', withTokenOf: 'me' },
    { op: 'keys' },
    { op: 'get', key: 'Grüße 👋' },
    { op: 'peekFlash' },
    { op: 'popFlash' },
    { op: 'popFlash' },
    { op: 'transformAppend', key: 'list', value: '1' },
    { op: 'get', key: 'list' },
    { op: 'clear' },
    { op: 'regenerate' },
    { op: 'describe' },
    { op: 'invalidate' },
    { op: 'describe' },
  ],
  'a token that is forged': [{ op: 'open', token: `${long(43)}.${long(24)}` }, { op: 'describe' }],
  'a token that is no token': [{ op: 'open', token: 'ü' }, { op: 'describe' }],
  'a token that is too long': [{ op: 'open', token: long(5000) }, { op: 'describe' }],
  'a session that has ended': [
    ...reopened,
    { op: 'invalidate' },
    { op: 'set', actor: 'other', key: 'b', value: '2' },
    { op: 'save', actor: 'other' },
    { op: 'describe', actor: 'other' },
    { op: 'newCsrfToken', actor: 'other' },
    { op: 'regenerate', actor: 'other' },
    { op: 'transformAppend', actor: 'other', key: 'list', value: '1' },
    { op: 'invalidate', actor: 'other' },
  ],
  'too many keys': [
    { op: 'open' },
    ...['a', 'b', 'c', 'd', 'e', 'f'].map((key): Step => ({ op: 'set', key, value: '1' })),
    { op: 'save' },
  ],
  'a session that is too large': [
    ...create,
    { op: 'set', key: 'b', value: JSON.stringify(long(5000)) },
    { op: 'save' },
  ],
  'too many messages': [
    ...create,
    ...[1, 2, 3, 4].map((number): Step => ({ op: 'flash', value: String(number) })),
    { op: 'save' },
  ],
  'several fields that are invalid': [
    ...create,
    { op: 'setIdleTimeout', seconds: -5 },
    { op: 'setSubject', value: long(2000) },
    { op: 'save' },
    { op: 'describe' },
  ],
  'a name that is invalid': [
    ...create,
    { op: 'set', key: '\n', value: '1' },
    { op: 'flash', queue: long(300), value: '1' },
  ],
};

/** What differs between sessions. */
const own = new Set(['token', 'handle', 'created', 'expires']);

function withoutOwn(outcome: Outcome): unknown {
  return JSON.parse(JSON.stringify(outcome, (key, value: unknown) => (own.has(key) ? Boolean(value) : value)));
}

async function outcomesOf(runner: Runner, steps: readonly Step[]): Promise<unknown[]> {
  const outcomes: unknown[] = [];
  for (const { actor = 'me', withTokenOf, ...step } of steps) {
    const holder = withTokenOf && (await runner.run({ actor: withTokenOf, op: 'describe' })).result;
    const token = holder ? (holder as { token: string }).token : step.token;
    const outcome = withoutOwn(await runner.run({ actor, ...step, token }));
    outcomes.push(step.op === 'newCsrfToken' || step.op === 'csrfToken' ? Object.keys(outcome as object) : outcome);
  }
  return outcomes;
}

async function expectAgreement(steps: readonly Step[]): Promise<unknown[]> {
  const outcomes: unknown[][] = [];
  for (const runner of runners) outcomes.push(await outcomesOf(runner, steps));
  for (const each of outcomes) expect(each).toEqual(outcomes[0]);
  return outcomes[0]!;
}

describe('all ways to use the Python client agree on', () => {
  run.each(Object.entries(calls))('%s', async (_, steps) => {
    expect(await expectAgreement(steps)).toHaveLength(steps.length);
  });

  run('a request that is larger than gRPC accepts, but for the words', async () => {
    const large: Step[] = [...create, { op: 'set', key: 'b', value: JSON.stringify(long(5_000_000)) }, { op: 'save' }];
    for (const runner of runners) {
      const outcomes = await outcomesOf(runner, large);
      const error = { code: 'SESSION_TOO_LARGE', status: 413, metadata: {}, violations: {}, retryAfterMs: 0 };
      expect(outcomes.at(-1)).toMatchObject({ error });
    }
  });
});
