import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ISession } from '@session-sidecar/client';
import fc from 'fast-check';
import { connect } from '../../support/client';
import { effort } from '../../support/effort';
import { connectRaw } from '../../support/raw-grpc';
import type { RedisServer } from '../../support/redis';
import type { Sidecar } from '../../support/sidecar';
import type { SessionLedger } from './ledger';
import { stackForAllTests } from '../../support/stack';

import { step, Visitor, World } from './visitor';
import type { Shared } from './visitor';

const clientCount = 32;
const stepsPerClient = effort(60);
const steps = clientCount * stepsPerClient;
/** Nothing here is about time. */
const timeoutMs = 60_000;

describe(`${clientCount} clients of two sidecars on one Redis`, () => {
  const stack = stackForAllTests();
  let redis: RedisServer;
  let sidecars: Sidecar[];

  beforeAll(async () => {
    redis = await stack.redis();
    sidecars = [await stack.sidecar({ redis }), await stack.sidecar({ redis })];
  });

  test.each(['pipeline', 'unary'] as const)(
    'over %s, lose no update, bring back no session, and show each flash message once',
    async (transport) => {
      const seed = Number(process.env['TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
      try {
        await visit(seed, transport);
      } catch (error) {
        throw new Error(`With TEST_SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        });
      }
    },
  );

  async function visit(seed: number, transport: 'pipeline' | 'unary'): Promise<void> {
    await redis.admin.flushall();
    const world = new World();
    const visitors = Array.from({ length: clientCount }, (_, number) => {
      const sidecar = sidecars[number % sidecars.length]!;
      const client = stack.use(connect<Shared>(sidecar, { timeoutMs, transport }));
      const raw = stack.use(connectRaw(sidecar.address));
      return new Visitor(`c${number}`, client, raw, world);
    });
    for (const slot of world.slots) await visitors[0]!.create(slot);

    await Promise.all(
      visitors.map(async (visitor, number) => {
        for (const next of fc.sample(step, { numRuns: stepsPerClient, seed: seed + number })) await visitor.do(next);
      }),
    );

    expect(world.problems).toEqual([]);
    expect(world.acknowledged + world.refused).toBeGreaterThan(1.3 * steps);
    // A run in which nothing was refused, or nothing ended, would prove nothing.
    expect(world.refused).toBeGreaterThan(steps / 150);
    const ended = world.sessions.filter((session) => session.hasEnded);
    expect(ended.length).toBeGreaterThan(steps / 1500);

    const handlesOf = (wrong: (session: SessionLedger) => boolean) =>
      world.sessions.filter(wrong).map(({ handle }) => handle);
    expect(world.sessions.flatMap((session) => session.resurrections)).toEqual([]);
    expect(handlesOf(({ counts }) => !isOneToN(counts))).toEqual([]);
    expect(handlesOf(({ totals }) => !isOneToN(totals))).toEqual([]);
    expect(handlesOf(({ versions }) => hasDuplicates(versions))).toEqual([]);
    expect(handlesOf(({ popped }) => hasDuplicates(popped))).toEqual([]);
    for (const { pushed, popped } of world.sessions) expect(pushed).toEqual(expect.arrayContaining(popped));

    const living = world.sessions.filter((session) => !session.hasEnded);
    const keys = await redis.admin.keys('*');
    expect(keys.sort()).toEqual(living.map(({ handle }) => `session:${handle}`).sort());
    const [{ client }] = visitors as [Visitor];
    for (const session of living) await expectToHoldExactly(session, await client.open(session.lastToken.token));
    for (const session of world.sessions) {
      const dead = session.hasEnded ? session.tokens : session.tokens.slice(0, -1);
      for (const { token } of dead) expect((await client.open(token)).origin).toBe('not_found');
    }
  }

  async function expectToHoldExactly(ledger: SessionLedger, session: ISession<Shared>): Promise<void> {
    const { count = 0, log = [], total = 0, ...own } = session.toObject();
    expect({ count, total, own }).toEqual({
      count: ledger.counts.length,
      total: ledger.totals.length,
      own: Object.fromEntries([...ledger.own].map(([client, value]) => [`own-${client}`, value])),
    });
    expect([...log].sort()).toEqual([...ledger.appended.keys()].sort());
    const waiting = await session.peekFlash<string>();
    expect([...waiting, ...ledger.popped].sort()).toEqual([...ledger.pushed].sort());
    expect(session.version).toBeGreaterThanOrEqual(Math.max(...ledger.versions));
  }
});

/** Whether increments by one from nothing, in whatever order they were answered, each counted. */
function isOneToN(sums: readonly number[]): boolean {
  return [...sums].sort((a, b) => a - b).every((sum, index) => sum === index + 1);
}

function hasDuplicates(values: readonly unknown[]): boolean {
  return new Set(values).size < values.length;
}
