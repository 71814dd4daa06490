import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, describe, expect, test } from '@jest/globals';
import { attacks } from '../../bench/src/attacks';
import { Assault } from '../../bench/src/attacks/attack';
import { idleConnections } from '../../bench/src/attacks/connections';
import { emptyMessages } from '../../bench/src/attacks/http2';
import { repeat } from '../../bench/src/attacks/repeat';
import { attackBudgets } from '../../bench/src/budgets';
import { allCases, selectCases } from '../../bench/src/cases';
import { rowsOfAttack } from '../../bench/src/cases/attack-rows';
import type { AttackFigures } from '../../bench/src/cases/attack-rows';
import { memoryLimitMb } from '../../bench/src/memory-limit';
import { isLoss, terminalTable } from '../../bench/src/report';
import { until } from '../support/poll';

const mebibyte = 1024 * 1024;

describe('the attack cases', () => {
  const selected = selectCases({ pattern: /^attack/, quick: false });
  const ids = selected.flatMap(({ rows }) => rows);

  test('have a row for memory and one for latency of every attack', () => {
    for (const name of Object.keys(attacks)) {
      expect(ids).toContain(`attack-${name}-rss`);
      expect(ids).toContain(`attack-${name}-p99`);
    }
    expect(selected).toHaveLength(Object.keys(attacks).length);
  });

  test('run in a full run, and in a quick one only when asked for', () => {
    expect(allCases).toEqual(expect.arrayContaining([...selected]));
    const quick = selectCases({ quick: true }).flatMap(({ rows }) => rows);
    expect(quick.filter((id) => id.startsWith('attack'))).toEqual([]);
    expect(selectCases({ pattern: /^attack-append-p99$/, quick: true })).toHaveLength(1);
  });
});

test('the budget of memory is the limit in the manifest', () => {
  expect(memoryLimitMb()).toBe(256);
  expect(attackBudgets(memoryLimitMb()).peakMemoryMb.budget).toEqual({ atMost: 256 });
});

describe('the rows of an attack', () => {
  const ids = { memory: 'attack-x-rss', p99: 'attack-x-p99', log: 'attack-x-log' };
  const options = { store: 'memory', what: 'an attack' } as const;
  const latencyMs = { p50: 1, p99: 4, longest: 9 };
  const peace = {
    client: { operations: 200, failed: 0, latencyMs },
    failedProbes: 0,
    probes: 1,
    logBytesPerSecond: 0,
  };
  const calm: AttackFigures = {
    before: peace,
    during: peace,
    memoryBefore: 80 * mebibyte,
    memoryPeak: 200 * mebibyte,
    memoryAfter: 90 * mebibyte,
    recoveryMs: 1,
    ending: undefined,
    tally: { OK: 1234 },
  };
  const verdicts = (figures: Partial<AttackFigures>) =>
    rowsOfAttack(ids, options, { ...calm, ...figures }).map(({ met }) => met);

  test('meet their budgets when nothing happened', () => {
    const rows = rowsOfAttack(ids, options, calm);
    expect(rows.map(({ id, ours, theirs, met }) => [id, ours, theirs, met])).toEqual([
      ['attack-x-rss', 200, 80, true],
      ['attack-x-p99', 4, 4, true],
      ['attack-x-log', 0, 0, true],
    ]);
    expect(rows.filter(isLoss)).toEqual([]);
    const text = terminalTable(rows, 400);
    expect(text).toContain('90 MiB a second after it');
    expect(text).toContain('1,234 OK');
  });

  test('miss their budgets by memory, latency and log', () => {
    expect(verdicts({ memoryPeak: 257 * mebibyte })).toEqual([false, true, true]);
    const slow = { ...peace, client: { ...peace.client, latencyMs: { ...latencyMs, p99: 51 } } };
    expect(verdicts({ during: slow })).toEqual([true, false, true]);
    expect(verdicts({ during: { ...peace, logBytesPerSecond: 10_001 } })).toEqual([true, true, false]);
  });

  test('miss the latency budget when a call of the client or a probe failed', () => {
    const failing = {
      ...peace,
      client: {
        ...peace.client,
        failed: 1,
        firstFailure: 'SessionError: DEADLINE_EXCEEDED: GetSession at 127.0.0.1:1 failed',
      },
    };
    expect(verdicts({ during: failing })).toEqual([true, false, true]);
    expect(rowsOfAttack(ids, options, { ...calm, during: failing })[1]!.note).toContain(
      'First failure: SessionError: DEADLINE_EXCEEDED.',
    );
    expect(verdicts({ during: { ...peace, failedProbes: 1 } })).toEqual([true, false, true]);
  });

  test('report that the process died or did not answer again, and miss every budget', () => {
    const dead = { ending: 'SIGABRT', memoryAfter: undefined, recoveryMs: undefined };
    expect(verdicts(dead)).toEqual([false, false, false]);
    const rows = rowsOfAttack(ids, options, { ...calm, ...dead });
    expect(rows.map(({ note }) => note)).toEqual(
      [1, 2, 3].map(() => expect.stringContaining('The process died: SIGABRT.')),
    );
    expect(verdicts({ recoveryMs: undefined })).toEqual([false, false, false]);
  });
});

test('requests of empty messages are framed and have the requested length', () => {
  const frame = emptyMessages(6);
  expect([...frame]).toEqual([0, 0, 0, 0, 6, 0x0a, 0, 0x0a, 0, 0x0a, 0]);
});

describe('an assault', () => {
  test('repeats, counts results, and ends', async () => {
    const assault = new Assault();
    let calls = 0;
    await repeat(assault, 1, () => {
      if (++calls === 5) assault.end();
      return Promise.resolve(calls % 2 === 0 ? 'OK' : undefined);
    });
    expect(assault.tally).toEqual({ OK: 2, 'connection failed': 2 });
  });

  describe('by connections', () => {
    const accepted = new Set<Socket>();
    const server = createServer((socket) => {
      accepted.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => accepted.delete(socket))
        .resume();
    });
    afterAll(() => void server.close());

    test('opens the requested number, replaces those that are closed, and closes all at the end', async () => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      const run = await idleConnections(3)({ address, httpUrl: '', redisPort: undefined });
      const assault = new Assault();
      const running = run(assault);
      await until('three connections', () => accepted.size === 3);
      for (const socket of accepted) socket.destroy();
      await until('three more', () => (assault.tally['connections'] ?? 0) >= 6);
      expect(assault.tally['open at once']).toBe(3);
      assault.end();
      await running;
      await until('none', () => accepted.size === 0);
    });
  });
});
