import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SessionError } from '../../../../client/src/errors/session-error';
import { boundedTransport } from '../../../../client/src/transport/bounded-transport';
import type { PendingLimits } from '../../../../client/src/transport/bounded-transport';
import type { Transport } from '../../../../client/src/transport/transport';

const options = { deadline: Infinity };

/** Calls that end when the test ends them. */
function start(limits?: PendingLimits) {
  const ends: ((fails: boolean) => void)[] = [];
  const hanging: Transport = {
    call: () =>
      new Promise((resolve, reject) => {
        ends.push((fails) => (fails ? reject(new Error('made up')) : resolve({} as never)));
      }),
    close: () => {},
  };
  const transport = boundedTransport(hanging, 'localhost:50051', limits);
  const read = () => transport.call('getSession', { token: 'token' }, options).then(String, codeOf);
  const write = (bytes: number) => {
    const value = Buffer.alloc(bytes);
    const request = {
      token: 'token',
      mutations: [{ kind: { $case: 'set' as const, value: { key: 'a', value } } }],
      ...{ ifVersion: undefined, idleExpiry: undefined, subject: undefined },
    };
    return transport.call('updateSession', request, options).then(String, codeOf);
  };
  return { ends, read, write };
}

const codeOf = (error: unknown) => (SessionError.is(error) ? error.code : String(error));

test('refuses calls past the limit, and takes calls again when others have ended, well or not', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.array(fc.boolean(), { minLength: 1 }), async (max, fails) => {
      const { ends, read } = start({ maxPendingCalls: max });
      for (let taken = 0; taken < max; taken++) void read();
      expect(ends).toHaveLength(max);
      for (const failing of fails) {
        expect(await read()).toBe('OVERLOADED');
        ends.pop()!(failing);
        await new Promise((resolve) => setImmediate(resolve));
        void read();
        expect(ends).toHaveLength(max);
      }
    }),
  );
});

test('refuses calls whose requests are too large together, but never one alone', async () => {
  const { ends, read, write } = start({ maxPendingBytes: 1000 });
  void write(5000);
  expect(ends).toHaveLength(1);
  expect(await read()).toBe('OVERLOADED');
  ends[0]!(false);
  await new Promise((resolve) => setImmediate(resolve));
  void write(500);
  void read();
  expect(ends).toHaveLength(3);
  expect(await write(500)).toBe('OVERLOADED');
});

test('names the limit and the destination, and nothing of the content', async () => {
  const hanging: Transport = { call: () => new Promise(() => {}), close: () => {} };
  const transport = boundedTransport(hanging, 'localhost:50051', { maxPendingCalls: 1 });
  const call = () => transport.call('getSession', { token: 'the-secret-token' }, options);
  void call();
  await expect(call()).rejects.toThrow(
    "OVERLOADED: GetSession at localhost:50051 was not sent: pending calls have reached the client's limit, `maxPendingCalls`, 1.",
  );
});

test('has limits by default', async () => {
  const { ends, read } = start();
  for (let taken = 0; taken < 10_000; taken++) void read();
  expect(ends).toHaveLength(10_000);
  expect(await read()).toBe('OVERLOADED');
});

test.each([0, -1, NaN, '5'])('refuses the limit %p', (limit) => {
  expect(() => start({ maxPendingCalls: limit as number })).toThrow(RangeError);
  expect(() => start({ maxPendingBytes: limit as number })).toThrow(RangeError);
});
