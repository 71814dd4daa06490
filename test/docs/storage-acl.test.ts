import { beforeAll, describe, expect, test } from '@jest/globals';
import { emptyContent } from '../../server/src/session/content';
import type { Mutation } from '../../server/src/session/session-update';
import type { SessionStore, StorePart } from '../../server/src/session/session-store';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import { RedisStore } from '../../server/src/store/redis/redis-store';
import { until } from '../support/poll';
import type { RedisServer } from '../support/redis';
import {
  connectForTest,
  generousLimits,
  keyPrefix,
  makeRedisStore,
  redisConnectionOptions,
  twentyMinutes,
} from '../support/store-harness';
import { stackForAllTests } from '../support/stack';
import { blocksOf, text } from './storage-page';

const tokens = createTokens([randomSigningKey()]);
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

describe('the Redis user in docs/reference/storage.md', () => {
  const stack = stackForAllTests();
  let server: RedisServer;

  beforeAll(async () => {
    server = await stack.redis();
  });

  function connection() {
    return redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port: server.port }] });
  }

  const set: Mutation = { kind: 'set', key: 'cart', value: json(['tea']) };

  const rules = /^ACL SETUSER (\S+) (.*)$/m.exec(blocksOf('text').join('\n')) ?? [];
  const [, user = '', ruleText = ''] = rules;
  const rulesOfUser = ruleText.split(' ');
  const password = rulesOfUser.find((rule) => rule.startsWith('>'))?.slice(1);

  /** Uses all a store can do as the documented user, and tells what Redis refused. */
  async function refusedTo(
    servers: readonly RedisServer[],
    ruleSet: readonly string[],
    overrides: Parameters<typeof redisConnectionOptions>[0],
  ) {
    for (const { admin } of servers) {
      await admin.acl('SETUSER', user, ...ruleSet);
      await admin.acl('LOG', 'RESET');
      // A login that was not over would make the end of all sessions wait.
      await admin.flushall();
    }
    const storeWith = (touchInterval: number | undefined) => {
      const connection = connectForTest(redisConnectionOptions({ ...overrides, username: user, password }));
      const expiry = { ...twentyMinutes, touchInterval };
      const settings = { expiry, limits: generousLimits, keyPrefix, expireKeys: true, commandTimeoutMs: 5_000 };
      const subjects = {
        subjectUpkeepFailed: () => refusals.push('after the answer'),
        subjectLimitReached: () => undefined,
      };
      return new RedisStore({ connection, ...settings, subjects });
    };
    const refusals: unknown[] = [];
    // With the one, every load records its access; with the other, a load right after the creation is a plain read.
    const [store, reader] = [storeWith(0), storeWith(undefined)];
    const attempt = (work: Promise<unknown>) => work.catch((error: unknown) => refusals.push(error));
    try {
      const refused = ({ reason }: StorePart): boolean => reason === 'NOPERM' || reason === 'ERR';
      const isDecided = (each: SessionStore): boolean => each.ready || each.parts.some(refused);
      await until('the connections to be decided on', () => isDecided(store) && isDecided(reader));
      for (const idleTimeout of [60_000, undefined]) {
        const session = {
          ...tokens.issue(),
          content: { data: new Map([['a', Buffer.alloc(32 * 1024, 'x')]]), flash: new Map<string, Buffer[]>() },
          csrfToken: 'csrf',
          subject: undefined,
          idleTimeout,
        };
        await attempt(reader.create(session));
        await attempt(reader.load(session));
        await attempt(reader.validate(session, Buffer.alloc(0)));
        await attempt(reader.update(session, {}));
        await attempt(store.load(session));
        await attempt(store.update(session, { mutations: [set] }));
        await attempt(store.delete(session));
      }
      const named = {
        ...tokens.issue(),
        content: emptyContent,
        csrfToken: 'csrf',
        subject: 'ada',
        idleTimeout: 60_000,
      };
      await attempt(store.create(named));
      await attempt(store.deleteSubject('ada', {}, performance.now() + 1000));
      const isEmpty = async ({ admin }: RedisServer) => (await admin.keys(`${keyPrefix}subject:*`)).length === 0;
      const isKept = async () => (await Promise.all(servers.map(isEmpty))).every(Boolean);
      await until('the index to be kept', async () => refusals.length > 0 || (await isKept()));
    } finally {
      await Promise.all([store.close(), reader.close()]);
    }
    const logs = (await Promise.all(servers.map(({ admin }) => admin.acl('LOG')))).flat() as string[][];
    return { refusals, logged: new Set(logs.map((entry) => entry[entry.indexOf('object') + 1])) };
  }

  test('the rules of the Redis user are all that is needed', async () => {
    expect(password).toBeDefined();
    await expect(refusedTo([server], rulesOfUser, connection())).resolves.toEqual({ refusals: [], logged: new Set() });
  });

  test.each(rulesOfUser.filter((rule) => rule.startsWith('+') && rule !== '+info'))(
    'the rule %s is needed',
    async (rule) => {
      const less = rulesOfUser.filter((other) => other !== rule);
      const { refusals, logged } = await refusedTo([server], less, connection());
      expect(logged).toEqual(new Set([rule.slice(1)]));
      expect(refusals.length > 0).toBe(rule !== '+client|setname');
    },
  );

  test('administration needs the rules that the document says', async () => {
    const [more = ''] = /(?<=administration\.md\), add `)[^`]+/.exec(text) ?? [];
    const count = async (ruleSet: readonly string[]) => {
      await server.admin.acl('SETUSER', user, ...ruleSet);
      const overrides = { ...connection(), username: user, password };
      const store = await makeRedisStore(
        redisConnectionOptions(overrides),
        [],
      )({
        ...{ expiry: twentyMinutes, limits: generousLimits },
      });
      try {
        await store.inventory.estimate();
        for await (const _ of store.inventory.scan()) continue;
      } finally {
        await store.close();
      }
    };
    await count([...rulesOfUser, ...more.split(' ')]);
    for (const rule of more.split(' ')) {
      const less = [...rulesOfUser, ...more.split(' ')].filter((other) => other !== rule);
      await expect(count(less)).rejects.toThrow(/NOPERM/);
    }
  });

  test('a database other than 0 needs the rule that the document says', async () => {
    const [select = ''] = /(?<=other than 0, add `)[^`]+/.exec(text) ?? [];
    const other = { ...connection(), db: 3 };
    await expect(refusedTo([server], [...rulesOfUser, ...select.split(' ')], other)).resolves.toEqual({
      refusals: [],
      logged: new Set(),
    });
  });

  test('Redis Cluster needs the rules that the document says', async () => {
    const cluster = await stack.redisCluster();
    const [more = ''] = /(?<=For Cluster, add `)[^`]+/.exec(text) ?? [];
    const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
    const refused = await refusedTo(cluster.nodes, [...rulesOfUser, ...more.split(' ')], { mode: 'cluster', nodes });
    expect(refused).toEqual({ refusals: [], logged: new Set() });
  });
});
