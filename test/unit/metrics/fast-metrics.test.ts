import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Counter as PromCounter, Histogram as PromHistogram, Registry } from 'prom-client';
import { Counter, Histogram } from '../../../server/src/metrics/fast-metrics';

const label = fc.constantFrom('a', 'b', 'c');
const bounds = [0.1, 1, 10];

function metric(labelNames: string[]) {
  const [ours, theirs] = [new Registry(), new Registry()];
  return { ours, theirs, description: { name: 'm', help: 'Help.', labelNames } };
}

/** The lines of a page, in any order. */
const linesOf = async (registry: Registry) => (await registry.metrics()).split('\n').sort();

describe('a page has the same lines as with prom-client', () => {
  test('for a counter', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(label, label)), async (events) => {
        const { ours, theirs, description } = metric(['one', 'two']);
        const counter = new Counter(ours, description);
        const promCounter = new PromCounter({ ...description, registers: [theirs] });
        for (const [one, two] of events) {
          counter.inc(one, two);
          promCounter.inc({ one, two });
        }
        expect(await linesOf(ours)).toEqual(await linesOf(theirs));
      }),
    );
  });

  test('for a histogram', async () => {
    const value = fc.constantFrom(0, 0.05, 0.1, 0.5, 1, 5, 10, 11);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(value, label)), async (events) => {
        const { ours, theirs, description } = metric(['one']);
        const histogram = new Histogram(ours, description, bounds);
        const promHistogram = new PromHistogram({ ...description, buckets: bounds, registers: [theirs] });
        for (const [value, one] of events) {
          histogram.observe(value, one);
          promHistogram.observe({ one }, value);
        }
        expect(await linesOf(ours)).toEqual(await linesOf(theirs));
      }),
    );
  });
});

test('a series that is announced, or has no labels, is there before its first event', async () => {
  const { ours, description } = metric(['one']);
  new Counter(ours, description).announce('a');
  new Counter(ours, { ...description, name: 'n', labelNames: [] }).add(0);
  expect(await linesOf(ours)).toEqual(expect.arrayContaining(['m{one="a"} 0', 'n 0']));
});
