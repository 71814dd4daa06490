import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { Mutation } from '../../server/src/session/session-update';
import { etagOf } from '../../server/src/session/etag';
import { SessionManager } from '../../server/src/session/session-manager';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import { ignoreEvents } from '../support/ignored-events';
import { until } from '../support/poll';
import { methods } from '../support/raw-grpc';
import type { RedisServer } from '../support/redis';
import {
  generousLimits,
  keyPrefix,
  makeRedisStore,
  redisConnectionOptions,
  twentyMinutes,
} from '../support/store-harness';
import type { StoreHarness } from '../support/store-harness';
import { commandCounts } from '../support/redis-inspection';
import { stackForAllTests } from '../support/stack';
import { blocksOf, codeIn, notThere, tableOf, text } from './storage-page';

const tokens = createTokens([randomSigningKey()]);
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** What is sent without a script. */
const plainReads = ['mget', 'getrange'];

/** A command as the document writes it. */
function literalOf([name = '', ...args]: string[]): string {
  const words = args.map((arg, at) => {
    if (at === 0) return 'key';
    if (/^1 \d+ /.test(arg)) return 'record';
    if (name === 'SETRANGE') return at === 1 && /^\d{2}$/.test(arg) ? 'offset' : 'accessed';
    return /^\d{13}$/.test(arg) ? 'expires' : arg;
  });
  return [name, ...words].join(' ');
}

describe('the commands in docs/reference/storage.md, on a real Redis', () => {
  const stack = stackForAllTests();
  let server: RedisServer;
  let monitor: Redis;
  let seen: string[][] = [];
  let harness: StoreHarness;
  /** Of another sidecar, which has not seen the session yet. */
  let another: StoreHarness;

  beforeAll(async () => {
    server = await stack.redis();
    const make = makeRedisStore(connection(), [server]);
    harness = stack.use(await make({ expiry: twentyMinutes, limits: generousLimits }));
    another = stack.use(await make({ expiry: twentyMinutes, limits: generousLimits }));
    monitor = await server.admin.monitor();
    stack.defer(() => monitor.disconnect());
    let isHeartbeat = false;
    monitor.on('monitor', (_time: string, args: string[], source: string) => {
      if (source === 'lua' && isHeartbeat) return;
      // The scripts that are documented run by their SHA-1.
      isHeartbeat = args[0] === 'eval';
      if (source === 'lua' || args[0] === 'echo') seen.push(args);
      else if (plainReads.includes(args[0] ?? '')) seen.push([args[0]!.toUpperCase(), ...args.slice(1)]);
    });
  });

  function connection() {
    return redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port: server.port }] });
  }

  function managerOf(store: StoreHarness['store']): SessionManager {
    return new SessionManager({ store, tokens, limits: generousLimits, expiry: twentyMinutes, events: ignoreEvents });
  }

  const set: Mutation = { kind: 'set', key: 'cart', value: json(['tea']) };
  const push: Mutation = { kind: 'push_flash', queue: '', message: json('Saved'), unlessPresent: false };
  const large: Mutation = { kind: 'set', key: 'cart', value: json('x'.repeat(32 * 1024)) };
  let etag: Buffer = Buffer.alloc(0);
  let fence = 0;
  const twoMinutes = 120_000;

  test('the example is what Redis holds after these changes', async () => {
    const manager = managerOf(harness.store);
    const user: Mutation = { kind: 'set', key: 'user', value: json({ id: 7, name: 'Ada' }) };
    const { token, session } = await manager.create({ mutations: [user], subject: '7' });
    await manager.update(token, { mutations: [set] });
    await manager.pushFlash(token, { queue: '', message: json('Saved'), unlessPresent: false });
    const key = keyPrefix + session.handle;
    const record = (await server.admin.get(key)) ?? '';
    const masked = (example: string) =>
      example.replace(/^(\S+ \S+) \d{13} \d{13} (\S+) \S{43} \S{22}\n/, '$1 … … $2 … …\n');
    expect(masked(record)).toBe(masked(blocksOf('text')[0] ?? ''));
    expect(masked(record)).toContain('…');
    await expect(server.admin.ttl(key)).resolves.toBe(1260);
    // How much a record weighs differs a little between versions of Redis and its allocators.
    const weight = Number(/`MEMORY USAGE` says\s+about (\d+)/.exec(text)?.[1]);
    expect(Math.abs(Number(await server.admin.memory('USAGE', key)) - weight)).toBeLessThan(weight / 4);
  });

  interface Call {
    readonly manager: SessionManager;
    readonly token: string;
  }

  /** How each row of the table comes about. `before` makes the session what the row needs. */
  const rows: Record<string, { before?: (call: Call) => unknown; run: (call: Call) => unknown }> = {
    'CreateSession: without an id': { run: ({ manager }) => manager.create({ mutations: [set] }) },
    'CreateSession: with an id': { run: ({ manager }) => manager.create({ mutations: [set], id: 'an id' }) },
    'GetSession: this sidecar created or loaded it less than a touch interval ago': { run: get },
    'GetSession: it did, and the caller has a copy of 32 KiB or more, which is still right': {
      before: async ({ manager, token }) => {
        await manager.update(token, { mutations: [large] });
        await harness.advance(twoMinutes);
        const { generation, session } = await manager.load(token);
        etag = etagOf(generation!, session.version);
      },
      run: ({ manager, token }) => manager.validate(token, etag),
    },
    'GetSession: it did not, and the last recorded access is younger than the touch interval': {
      run: ({ token }) => managerOf(another.store).get(token),
    },
    'GetSession: the last recorded access is older': { before: () => harness.advance(twoMinutes), run: get },
    'GetSession: it is older, and the session has no end': {
      before: async ({ manager, token }) => {
        await manager.update(token, { mutations: [], idleTimeout: 'never' });
        await harness.advance(twoMinutes);
      },
      run: get,
    },
    'GetSession: the token was replaced, and has its grace': {
      before: ({ manager, token }) => manager.regenerate(token, { mutations: [], grace: 30_000 }),
      run: get,
    },
    'GetSession: there is no session': {
      before: ({ manager, token }) => manager.invalidate(token),
      run: lost(({ token }) => managerOf(another.store).get(token)),
    },
    "GetSession: the record's end has come, but not the key's": {
      before: async () => {
        const [key = ''] = await server.admin.keys(`${keyPrefix}*`);
        await server.admin.persist(key);
        await harness.advance(2 * 3_600_000);
      },
      run: lost(get),
    },
    'PeekFlash: as `GetSession`': { run: ({ manager, token }) => manager.peekFlash(token, '') },
    'GetCsrfToken: as `GetSession`': { run: ({ manager, token }) => manager.csrfToken(token) },
    'CheckCsrfToken: as `GetSession`': { run: ({ manager, token }) => manager.checkCsrfToken(token, 'wrong') },
    'UpdateSession: it only sets keys': { run: ({ manager, token }) => manager.update(token, { mutations: [set] }) },
    'UpdateSession: something else changes': {
      run: ({ manager, token }) => manager.update(token, { mutations: [set, push] }),
    },
    'UpdateSession: nothing changes': { run: changeNothing },
    'UpdateSession: nothing changes, and the access is due to be recorded': {
      before: () => harness.advance(twoMinutes),
      run: changeNothing,
    },
    'UpdateSession: it is refused: the version does not hold, a limit is hit': {
      run: lost(({ manager, token }) => manager.update(token, { mutations: [set], ifVersion: 99 })),
    },
    'RegenerateSession: always': { run: ({ manager, token }) => manager.regenerate(token, { mutations: [] }) },
    'AcquireLease: the lease is acquired': { run: acquire('one') },
    'AcquireLease: this holder has it already': { before: acquire('one'), run: acquire('one') },
    'AcquireLease: another holder has it': { before: acquire('one'), run: lost(acquire('two')) },
    'ReleaseLease: the lease is ended': {
      before: async (call) => ({ fence } = (await acquire('one')(call)).lease),
      run: ({ manager, token }) => manager.releaseLease(token, fence),
    },
    'ReleaseLease: it had ended before': { run: ({ manager, token }) => manager.releaseLease(token, 1) },
    'PushFlash: the message is added': {
      run: ({ manager, token }) =>
        manager.pushFlash(token, { queue: '', message: json('Saved'), unlessPresent: false }),
    },
    'PopFlash: there are messages': {
      before: ({ manager, token }) => manager.update(token, { mutations: [push] }),
      run: ({ manager, token }) => manager.popFlash(token, ''),
    },
    'PopFlash: there are none': { run: ({ manager, token }) => manager.popFlash(token, '') },
    'NewCsrfToken: always': { run: ({ manager, token }) => manager.newCsrfToken(token) },
    'InvalidateSession: there is a session': { run: ({ manager, token }) => manager.invalidate(token) },
    'InvalidateSession: there is none': {
      before: ({ manager, token }) => manager.invalidate(token),
      run: ({ manager, token }) => manager.invalidate(token),
    },
    'ListSubjectSessions: the subject has no sessions': {
      run: () => harness.store.listSubject('nobody', { after: undefined, size: 1, maxDataBytes: undefined }),
    },
    'InvalidateSubjectSessions: the subject has no sessions': { run: () => harness.store.deleteSubject('nobody', {}) },
  };

  function get({ manager, token }: Call) {
    return manager.get(token);
  }

  function acquire(holder: string) {
    return ({ manager, token }: Call) => manager.acquireLease(token, { duration: 60_000, holder });
  }

  function changeNothing({ manager, token }: Call) {
    return manager.update(token, { mutations: [{ kind: 'delete', key: 'missing' }] });
  }

  function lost(run: (call: Call) => Promise<unknown>) {
    return ({ manager, token }: Call) => expect(run({ manager, token })).rejects.toThrow();
  }

  const documented = tableOf('RPC', 'when', 'script', 'commands').map(([rpc = '', when = '', , commands]) => ({
    rpc: codeIn(rpc)[0] ?? '',
    row: `${codeIn(rpc)[0] ?? ''}: ${when}`,
    commands: codeIn(commands),
  }));

  test('the table of commands has every RPC', () => {
    const names = Object.values(methods).map(({ name }) => name);
    expect([...new Set(documented.map(({ rpc }) => rpc))].sort()).toEqual([...names].sort());
    expect(documented.map(({ row }) => row)).toEqual(Object.keys(rows));
  });

  test.each(documented)('the commands of $row', async ({ row, commands }) => {
    const { before, run } = rows[row] ?? notThere(`a way to bring about "${row}"`);
    await server.admin.flushdb();
    const manager = managerOf(harness.store);
    // The scripts are known to the connection from here on.
    const warmUp = await manager.create({ mutations: [] });
    await harness.advance(twoMinutes);
    await manager.get(warmUp.token);
    await managerOf(another.store).get(warmUp.token);
    await manager.update(warmUp.token, { mutations: [] });
    await manager.update(warmUp.token, { mutations: [set] });
    const { lease } = await manager.acquireLease(warmUp.token, { duration: 60_000, holder: 'warm up' });
    await manager.releaseLease(warmUp.token, lease.fence);
    await manager.invalidate(warmUp.token);
    await harness.store.deleteSubject('nobody', {});
    const { token } = await manager.create({ mutations: [set] });
    await before?.({ manager, token });
    await server.admin.config('RESETSTAT');
    seen = [];

    await run({ manager, token });
    const counted = await commandCounts(server.admin);
    const names = commands.map((command) => command.replace(/ .*/, '').toLowerCase());
    expect(counted).toEqual({
      // Every script begins with it.
      ...(names.includes('time') && { evalsha: 1 }),
      ...Object.fromEntries(names.map((name) => [name, 1])),
    });

    await server.admin.echo('end');
    const literal = await until(
      'the monitor to catch up',
      () => seen.some(([name]) => name === 'echo') && seen.filter(([name]) => name !== 'echo'),
    );
    expect(literal.map(literalOf)).toEqual(commands);
  });
});
