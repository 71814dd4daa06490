import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { connect } from '../support/client';
import { until } from '../support/poll';
import { metricOf } from '../support/ready-sidecar';
import type { Sidecar } from '../support/sidecar';
import { stackForAllTests, stackForEachTest } from '../support/stack';

const kibibyte = 1024;
/** What a session may have by default, less the quotes of a JSON text and the name of its key. */
const largest = 256 * kibibyte - 3;

/** Text that is nowhere the same as a few bytes further on. */
function textOf(length: number, seed: number): string {
  let text = '';
  for (let n = seed; text.length < length; n++) text += `${n},`;
  return text.slice(0, length);
}

describe.each(['memory', 'redis'] as const)('sessions of all sizes, in %s,', (store) => {
  const stack = stackForAllTests();
  let started: Promise<Sidecar> | undefined;
  const sidecar = () =>
    (started ??= (async () => stack.sidecar({ redis: store === 'redis' ? await stack.redis() : undefined }))());

  /** Around the sizes from which on bytes are copied, framed or kept in other ways, and any other. */
  const sizes = fc.oneof(
    ...[1, 4, 8, 16, 64, 128, 256].map((size) => fc.integer({ min: size * kibibyte - 400, max: size * kibibyte })),
    fc.nat({ max: largest }),
  );
  const lengths = fc.array(
    sizes.map((size) => Math.min(size, largest)),
    { minLength: 1, maxLength: 12 },
  );

  test.each([
    ['the pipeline', {}],
    ['the pipeline with a cache', { cache: { maxBytes: 8 * 1024 * kibibyte } }],
    ['unary calls', { transport: 'unary' }],
  ] as const)('come back as they were stored, many at a time, by %s', async (_, options) => {
    const client = stack.use(connect<{ a: string; b: number[] }>(await sidecar(), options));
    await fc.assert(
      fc.asyncProperty(lengths, fc.nat(1e6), async (all, seed) => {
        const texts = all.map((length, n) => textOf(length, seed + n));
        const tokens = await Promise.all(
          texts.map(async (text) => {
            const session = client.create();
            session.set('a', text);
            await session.save();
            return session.token!;
          }),
        );
        const opened = await Promise.all(tokens.map((token) => client.open(token)));
        expect(opened.map((session) => session.get('a') === texts[opened.indexOf(session)])).toEqual(
          all.map(() => true),
        );

        // Of the others, nothing moves, whatever is written beside them.
        const changed = texts.map((text) => textOf(text.length, seed + 500));
        await Promise.all(
          opened.map((session, n) => {
            session.set('a', changed[n]!);
            return session.save();
          }),
        );
        const again = await Promise.all(tokens.map((token) => client.open(token)));
        expect(again.map((session, n) => session.get('a') === changed[n])).toEqual(all.map(() => true));
      }),
      { numRuns: 12 },
    );
  });
});

describe('a client', () => {
  const stack = stackForEachTest();

  test('takes as many replies as the sidecar sends at a time, before the sidecar hears of it again', async () => {
    const redis = await stack.redis();
    const sidecar = await stack.sidecar({ redis, settings: { REDIS_COMMAND_TIMEOUT: '1m', REDIS_MAX_SILENCE: '1m' } });
    const [host = '', port] = sidecar.address.split(':');
    const network = await stack.proxy({ host, port: Number(port) });
    const client = stack.use(connect<{ a: string }>({ address: `127.0.0.1:${network.port}` }));
    const text = textOf(largest, 0);
    const session = client.create();
    session.set('a', text);
    await session.save();

    redis.freeze();
    // Less than the two frames of a mebibyte from which on the sidecar waits.
    const reads = Array.from({ length: 7 }, () => client.open(session.token));
    const inFlight = () => metricOf(sidecar, 'session_sidecar_rpcs_in_flight');
    await until('all calls to be in flight', async () => (await inFlight()) === reads.length);
    for (const link of network.links) link.freeze(['requests']);
    redis.thaw();
    for (const read of await Promise.all(reads)) expect(read.get('a') === text).toBe(true);
  });
});
