import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ISession, SessionClient } from '@session-sidecar/client';
import { connect } from '../support/client';
import { countRpcs } from '../support/sidecar';
import type { Sidecar } from '../support/sidecar';
import { stackForAllTests } from '../support/stack';

type Data = Record<string, number>;

const queues = ['', 'errors', 'news'] as const;
const queue = fc.constantFrom(...queues);

/** What an application does without waiting. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key: fc.constantFrom('a', 'b') }),
  fc.record({ kind: fc.constantFrom('flash' as const, 'pop' as const), queue }),
  fc.record({ kind: fc.constant('save' as const) }),
);
/** Steps in one go, what another request does then, and whether the application waits for all of it. */
const goes = fc.array(
  fc.record({
    steps: fc.array(step, { minLength: 1, maxLength: 8 }),
    other: fc.option(fc.record({ kind: fc.constantFrom('flash' as const, 'pop' as const), queue }), { nil: undefined }),
    waits: fc.boolean(),
  }),
  { minLength: 1, maxLength: 8 },
);

const stack = stackForAllTests();
let sidecar: Sidecar;
let client: SessionClient<Data>;

beforeAll(async () => {
  sidecar = await stack.sidecar();
  client = stack.use(connect<Data>(sidecar));
});

test('pops and saves that are made together lose nothing, show nothing twice, and are at most one call', async () => {
  let joined = 0;
  const property = fc.asyncProperty(goes, async (program) => {
    const session = client.create();
    session.update({ a: 0, b: 0 });
    await session.save();
    const other = await client.open(session.token);
    const before = await countRpcs(sidecar);

    const pushed: number[] = [];
    const popped: number[] = [];
    const expected: Data = { a: 0, b: 0 };
    const running: Promise<unknown>[] = [];
    let mayCall = 0;
    const flash = (by: ISession<Data>, to: string): void => {
      pushed.push(pushed.length);
      by.flash(pushed.length - 1, { queue: to });
    };
    const pop = async (by: ISession<Data>, from: string): Promise<void> => {
      popped.push(...(await by.popFlash<number>(from)));
    };
    for (const { steps, other: theirs, waits } of program) {
      const poppedNow: string[] = [];
      for (const each of steps) {
        if (each.kind === 'set') session.set(each.key, (expected[each.key] = expected[each.key]! + 1));
        else if (each.kind === 'flash') flash(session, each.queue);
        else if (each.kind === 'save') running.push(session.save());
        else {
          running.push(pop(session, each.queue));
          poppedNow.push(each.queue);
        }
      }
      // A queue that is popped again needs another turn.
      mayCall += 1 + poppedNow.length - new Set(poppedNow).size;
      if (theirs?.kind === 'flash') {
        flash(other, theirs.queue);
        running.push(other.save());
        mayCall += 1;
      } else if (theirs?.kind === 'pop') {
        running.push(pop(other, theirs.queue));
        mayCall += 1;
      }
      if (waits) await Promise.all(running);
    }
    await Promise.all(running);
    await session.save();

    const after = await countRpcs(sidecar);
    const calls = ['UpdateSession', 'PopFlash'].map((method) => (after[method] ?? 0) - (before[method] ?? 0));
    expect(calls[0]! + calls[1]!).toBeLessThanOrEqual(mayCall + 1);
    joined += calls[0]!;

    const left = await client.open(session.token);
    expect(left.toObject()).toEqual(expected);
    for (const each of queues) await pop(left, each);
    expect(popped.sort((a, b) => a - b)).toEqual(pushed);
    await left.invalidate();
  });
  // A failure prints the seed and the path that repeat it.
  await fc.assert(property, { numRuns: 150, endOnFailure: false });
  expect(joined).toBeGreaterThan(150);
});
