import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { emptyContent } from '../../server/src/session/content';
import type { NewSession } from '../../server/src/session/session-store';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import { until } from '../support/poll';
import type { RedisServer } from '../support/redis';
import {
  generousLimits,
  keyPrefix,
  makeRedisStore,
  redisConnectionOptions,
  twentyMinutes,
} from '../support/store-harness';
import type { StoreHarness } from '../support/store-harness';
import { stackForAllTests } from '../support/stack';
import { codeIn, notThere, tableOf, text } from './storage-page';

const tokens = createTokens([randomSigningKey()]);
const index = /^session:subject:[\w-]{43}$/;

/** A command as the document writes it. */
function literalOf([name = '', key = '', ...args]: string[]): string {
  const words = args.map((arg) => {
    if (arg.startsWith('p:')) return 'attachment';
    if (/^[\w-]{22}$/.test(arg)) return 'handle';
    if (/^\(-\d{13}$/.test(arg)) return '(-now';
    return arg;
  });
  // Times are told apart by their places.
  if (name === 'ZREMRANGEBYSCORE') return [name, 'index', '-now', 'now'].join(' ');
  if (name === 'ZADD')
    return [name, 'index', ...words.map((word, at) => (at === 0 ? 'score' : at === 2 ? 'over' : word))].join(' ');
  if (name === 'PEXPIREAT') return [name, 'index', 'score'].join(' ');
  if (key === '') return name;
  return [name, index.test(key) ? 'index' : 'key', ...words].join(' ');
}

describe('the index of a subject in docs/reference/storage.md, on a real Redis', () => {
  const stack = stackForAllTests();
  let server: RedisServer;
  let harness: StoreHarness;
  let limited: StoreHarness;
  let seen: string[][] = [];
  let lastMark = '';
  let session: NewSession;

  beforeAll(async () => {
    server = await stack.redis();
    const connection = redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port: server.port }] });
    const settings = { expiry: twentyMinutes, limits: generousLimits };
    const subjectLimit = { maxSessions: 3, action: 'refuse' } as const;
    harness = stack.use(await makeRedisStore(connection, [server])(settings));
    limited = stack.use(await makeRedisStore(connection, [server])({ ...settings, subjectLimit }));
    const monitor = await server.admin.monitor();
    stack.defer(() => monitor.disconnect());
    let isHeartbeat = false;
    monitor.on('monitor', (_time: string, args: string[], source: string) => {
      if (source === 'lua' && !isHeartbeat) seen.push(args);
      if (args[0] === 'echo') lastMark = args[1] ?? '';
      if (source !== 'lua') isHeartbeat = args[0] === 'eval' && args[2] === '0';
    });
  });

  beforeEach(async () => {
    await server.admin.flushall();
    const { idleTimeout } = twentyMinutes;
    session = { ...tokens.issue(), content: emptyContent, csrfToken: 'csrf', idleTimeout, subject: 'ada' };
    await harness.store.create(session);
    await untilSettled();
    await untilMonitored();
    seen = [];
  });

  /** Redis reports a command to monitors after it has replied. */
  const untilMonitored = async () => {
    const mark = String(Math.random());
    await server.admin.echo(mark);
    await until('the report of all commands', () => lastMark === mark);
  };

  const keys = () => server.admin.keys(`${keyPrefix}subject:*`);
  const untilSettled = () =>
    until('the login to be over', async () => (await server.admin.zcard((await keys())[0] ?? '')) === 1);
  const untilGone = () => until('the index to be gone', async () => (await keys()).length === 0);

  /** How each step comes about, and which scripts that then run are its own. */
  const steps: Record<string, { run: () => Promise<unknown>; others?: RegExp; only?: number }> = {
    attach: { run: () => harness.store.update(session, { subject: 'ada' }), only: 0 },
    admit: { run: () => limited.store.update(session, { subject: 'ada' }), only: 0 },
    settle: { run: () => harness.store.update(session, { subject: 'ada' }), only: 2 },
    renew: { run: () => harness.advance(120_000).then(() => ((seen = []), harness.store.load(session))), only: 1 },
    sweep: { run: () => harness.store.delete(session).then(untilGone), others: /^TIME,GET key,UNLINK key,/ },
    list: { run: () => harness.store.listSubject('ada', { after: undefined, size: 1, maxDataBytes: undefined }) },
    end: { run: () => harness.store.deleteSubject('ada', {}).then(untilGone) },
  };

  const rows = tableOf('step', 'when', 'script', 'commands');

  test('has every step', () => {
    expect(rows.map(([step]) => step)).toEqual(Object.keys(steps));
  });

  test.each(rows)('%s, %s: the commands', async (step = '', _when, scripts, commands) => {
    const { run, others = /^/, only } = steps[step] ?? notThere(step);
    const documented = codeIn(commands);
    const countOf = (all: readonly string[]) => all.filter((command) => command === 'TIME').length;
    expect(countOf(documented)).toBe(codeIn(scripts).length);
    await run();
    const literal = await until('all commands', () => {
      const parts = seen
        .map(literalOf)
        .join(',')
        .replace(others, '')
        .split(/(?<=.),(?=TIME)/);
      const all = only === undefined ? parts.join(',') : (parts[only] ?? '');
      return all.length >= documented.join(',').length && all;
    });
    expect(literal).toBe(documented.join(','));
  });

  test('the key is not that of a session, and does not show the subject', async () => {
    const [key = ''] = await keys();
    expect(key).toMatch(index);
    expect(text).toContain('SHA-256 of the subject in base64url, 43 characters');
    const [handle, score] = await server.admin.zrange(key, 0, '-1', 'WITHSCORES');
    expect(handle).toBe(session.handle);
    // The end, one idle timeout more with its touch interval, and 10 s; the login itself may have taken 10 s, too.
    const { expires } = (await harness.store.load(session))!.session;
    expect(Number(score) - expires!).toBeGreaterThan(20 * 60_000);
    expect(Number(score) - expires!).toBeLessThan(22 * 60_000);
    expect(await server.admin.pexpiretime(key)).toBe(Number(score));
  });
});
