import { beforeEach, describe, expect, test } from '@jest/globals';
import type { LoadResult } from '../../../server/src/cli/load/report';
import { binary } from '../../support/process';
import type { ServingProcess } from '../../support/process';
import type { RedisServer } from '../../support/redis';
import { stackForEachTest } from '../../support/stack';
import { environment, json, onTerminal, run, untilUnderLoad } from './fixture';

const stack = stackForEachTest();

let redis: RedisServer;
let sidecar: ServingProcess;
let args: readonly string[];

beforeEach(async () => {
  redis = await stack.redis();
  sidecar = await stack.process({ redis });
  args = ['load', '--address', sidecar.address, '--sessions', '10', '--in-flight', '4'];
});

describe('load', () => {
  test('measures reads and updates, and leaves no session', async () => {
    const result = json([...args, '--duration', '500ms', '--connections', '2', '--read-ratio', '0.5']) as LoadResult;
    expect(result.failed).toBe(0);
    expect(result.calls).toBeGreaterThan(10);
    expect(result.seconds).toBeGreaterThanOrEqual(0.5);
    expect(result.perSecond).toBeCloseTo(result.calls / result.seconds);
    const { all, reads, updates, histogram } = result;
    expect(reads!.count + updates!.count).toBe(result.calls);
    expect(Math.min(reads!.count, updates!.count)).toBeGreaterThan(result.calls / 4);
    expect(all!.p50Ms).toBeLessThanOrEqual(all!.p99Ms);
    expect(all!.p99Ms).toBeLessThanOrEqual(all!.maxMs);
    expect(histogram.reduce((sum, { count }) => sum + count, 0)).toBe(result.calls);
    expect(await redis.admin.dbsize()).toBe(0);
  });

  test.each([
    { ratio: '1', reads: true, updates: false },
    { ratio: '0', reads: false, updates: true },
  ])('with a read ratio of $ratio, makes no other calls', ({ ratio, ...expected }) => {
    const result = json([...args, '--duration', '200ms', '--read-ratio', ratio]) as LoadResult;
    expect({ reads: result.reads !== null, updates: result.updates !== null }).toEqual(expected);
  });

  test('prints a table of percentiles and a histogram', () => {
    const { exit, stdout, stderr } = run([...args, '--duration', '200ms']);
    expect({ exit, stderr }).toEqual({ exit: 'ok', stderr: '' });
    expect(stdout).toMatch(/^[\d,]+ calls in 0\.\d s: [\d,]+ per second$/m);
    expect(stdout).toMatch(/^LATENCY +COUNT +MEAN +P50 +P90 +P99 +P99\.9 +MAX$/m);
    expect(stdout).toMatch(/^all +[\d,]+( +[\d.]+ m?s){6}$/m);
    expect(stdout).toMatch(/^ *[\d.]+ m?s +[\d,]+ +■{40}$/m);
  });

  test('stores values of the given size, in sessions that expire by themselves', async () => {
    const running = stack.command(
      process.execPath,
      [binary, ...args, '--duration', '1h', '--size', '4KiB', '--read-ratio', '0.9'],
      { env: environment() },
    );
    await untilUnderLoad(sidecar.httpUrl);
    const keys = await redis.admin.keys('*');
    expect(keys).toHaveLength(10);
    expect(await redis.admin.strlen(keys[0]!)).toBeGreaterThan(4096);
    expect(await redis.admin.pttl(keys[0]!)).toBeLessThan(2 * 3_600_000);
    expect(await redis.admin.pttl(keys[0]!)).toBeGreaterThan(3_600_000);
    running.child.kill('SIGINT');
    expect((await running.exit).code).toBe(130);
    expect(running.output().stdout).toMatch(/^LATENCY/m);
    expect(await redis.admin.dbsize()).toBe(0);
  });

  test('counts failed calls by reason, and ends with 1', async () => {
    const running = stack.command(process.execPath, [binary, ...args, '--duration', '3s', '--json'], {
      env: environment(),
    });
    await untilUnderLoad(sidecar.httpUrl);
    await redis.admin.flushall();
    expect((await running.exit).code).toBe(1);
    const result = JSON.parse(running.output().stdout) as LoadResult;
    expect(result.errors).toEqual({ SESSION_NOT_FOUND: result.failed });
    expect(result.failed).toBeGreaterThan(0);
    expect(result.all!.count).toBe(result.calls - result.failed);
  });

  test('says how long the sessions stay that it cannot end', async () => {
    const running = stack.command(process.execPath, [binary, ...args, '--duration', '1s'], { env: environment() });
    await untilUnderLoad(sidecar.httpUrl);
    sidecar.child.kill('SIGKILL');
    expect((await running.exit).code).toBe(1);
    expect(running.output().stderr).toBe('warning: 10 sessions could not be ended; they expire within 61 s.\n');
    expect(running.output().stdout).toMatch(/^UNAVAILABLE +[\d,]+$/m);
  });

  test('ends before it starts if no sidecar answers', () => {
    const { exit, stdout, stderr } = run(['load', '--address', '127.0.0.1:9', '--duration', '1h']);
    expect({ exit, stdout }).toEqual({ exit: 'unavailable', stdout: '' });
    expect(stderr).toContain('No sidecar answers at 127.0.0.1:9');
  });

  test('shows its progress on a terminal', () => {
    const shown = onTerminal([...args, '--duration', '1s']);
    expect(shown).toMatch(/█+░* \d+ % · [\d,]+ calls\/s · 0 failed/);
    // The cursor is shown again.
    expect(shown.lastIndexOf('\u001b[?25h')).toBeGreaterThan(shown.lastIndexOf('\u001b[?25l'));
  });
});
