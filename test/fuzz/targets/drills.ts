import { setImmediate } from 'node:timers/promises';
import type { Target } from '../engine/target';

/*
 * Targets that fail on purpose, for the tests of the fuzzer itself: each fails for the inputs that contain an exclamation mark, in one of the
 * ways in which something can fail.
 */

function drill(name: string, property: string, fail: () => void, hangMs?: number): Target {
  return {
    name,
    property,
    seeds: [Buffer.from('seed')],
    dictionary: ['!'],
    ...(hangMs !== undefined && { hangMs }),
    open: () =>
      Promise.resolve({
        async run(input) {
          if (input.includes('!')) fail();
          // As everything that calls something does.
          await setImmediate();
        },
      }),
  };
}

export const drills: readonly Target[] = [
  drill('drill-throws', 'Fails by an exception.', () => {
    throw new Error('the drill has failed');
  }),
  drill('drill-throws-later', 'Fails by an exception that no one can catch.', () => {
    process.nextTick(() => {
      throw new Error('the drill has failed later');
    });
  }),
  drill(
    'drill-hangs',
    'Fails by not ending.',
    () => {
      for (;;);
    },
    500,
  ),
  drill('drill-takes-memory', 'Fails by taking memory without bound.', () => {
    for (const all: unknown[] = []; ;) all.push(new Array(1000).fill({}));
  }),
];
