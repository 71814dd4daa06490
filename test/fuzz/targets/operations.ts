import assert from 'node:assert/strict';
import { SessionError } from '../../../server/src/session/errors';
import { emptyContent } from '../../../server/src/session/content';
import type { SessionStore, UpdateOutcome } from '../../../server/src/session/session-store';
import { makeMemoryStore } from '../../support/store-harness';
import { Choices } from '../bytes/choices';
import { someOperations } from '../bytes/operations';
import type { Target } from '../engine/target';
import { openRedisStore } from './redis';

/** Low ones, so that they are met. */
const settings = {
  expiry: { idleTimeout: undefined, touchInterval: undefined, maxLifetime: undefined },
  limits: {
    ...{ maxSessionBytes: 400_000, maxKeys: 12, maxFlashMessages: 20, maxFlashQueues: 5, maxMutations: 1000 },
    ...{ maxReplyBytes: 300_000, maxWorkBytes: 500_000 },
  },
};

const mostChanges = 4;

export const operations: Target = {
  name: 'operations',
  property:
    'The memory store and the Lua scripts give the same results and the same session for any operations, and refuse the same.',
  guidedBy: ['server/src/session/content.ts', 'server/src/session/json-array.ts'],
  maxBytes: 512,
  seeds: [
    [0, 0, 0, 0],
    [1, 0, 0, 0, 0],
    [7, 0, 0, 0, 1],
    [4, 0, 0, 0],
    [0, 0, 0, 14, 0, 0, 0, 0, 14, 0, 0],
  ].map((bytes) => Uint8Array.from([3, ...bytes, 0])),
  async open() {
    const redis = await openRedisStore(settings);
    const memory = await makeMemoryStore(settings);
    let count = 0;
    return {
      async run(input) {
        count += 1;
        const ref = { handle: `h${count}`, secretHash: 'secret' };
        const stores = [memory.store, redis.harness.store];
        const session = {
          ...ref,
          content: emptyContent,
          csrfToken: 'csrf',
          idleTimeout: undefined,
          subject: undefined,
        };
        await Promise.all(stores.map((store) => store.create(session)));
        const choices = new Choices(input);
        let changes = 0;
        do {
          changes += 1;
          const change = {
            mutations: someOperations(choices, 1 + choices.below(40)),
            ...(choices.isRare(16) && { subject: choices.pick(['', 'ada', '=', 'x\ny']) }),
            ...(choices.isRare(16) && { ifVersion: choices.pick([1, 2, 99]) }),
          };
          const [inMemory, inRedis] = await Promise.all(stores.map((store) => outcomeOf(store.update(ref, change))));
          assert.deepEqual(inRedis, inMemory, 'the outcome of an update');
        } while (!choices.isOver && changes < mostChanges);
        const [inMemory, inRedis] = await Promise.all(stores.map((store) => contentOf(store, ref)));
        assert.deepEqual(inRedis, inMemory, 'the session afterwards');
        await Promise.all(stores.map((store) => store.delete(ref)));
      },
      close: async () => {
        await memory.close();
        await redis.close();
      },
    };
  },
};

/** Without times, which two clocks decide. */
async function outcomeOf(updated: Promise<UpdateOutcome>): Promise<unknown> {
  try {
    const outcome = await updated;
    return outcome.status === 'updated' ? { results: outcome.results, version: outcome.session.version } : outcome;
  } catch (error) {
    if (error instanceof SessionError) return { reason: error.reason };
    throw error;
  }
}

/** In order, because the order of keys is part of a session. */
async function contentOf(store: SessionStore, ref: { handle: string; secretHash: string }): Promise<unknown> {
  const loaded = await store.load(ref);
  assert.ok(loaded !== undefined, 'the session is gone');
  const { data, flash, subject, version, csrfToken } = loaded.session;
  return { data: [...data], flash: [...flash], subject, version, csrfToken };
}
