import { beforeEach, describe, expect, test } from '@jest/globals';
import { version } from '../../../server/package.json';
import type { Summary } from '../../../server/src/cli/stats/summary';
import type { ServingProcess } from '../../support/process';
import { connectRaw, failureOf } from '../../support/raw-grpc';
import type { RawClient } from '../../support/raw-grpc';
import { freeAddress } from '../../support/free-port';
import { stackForEachTest } from '../../support/stack';
import { environment, json, run } from './fixture';
import { binary } from '../../support/process';
import { until } from '../../support/poll';

const stack = stackForEachTest();

let sidecar: ServingProcess;
let client: RawClient;

beforeEach(async () => {
  sidecar = await stack.process();
  client = stack.use(connectRaw(sidecar.address));
});

async function callSome(): Promise<void> {
  const { token } = await client.call('createSession', {});
  for (let count = 0; count < 3; count++) await client.call('getSession', { token });
  await failureOf(client.call('getSession', { token: 'forged' }));
}

describe('stats', () => {
  test('shows what /metrics counts, as a table and as JSON', async () => {
    await callSome();
    const summary = json(['stats', '--url', sidecar.httpUrl]) as Summary;
    expect(summary).toMatchObject({ seconds: null, version, store: 'memory', ready: true, inFlight: 0, refusals: {} });
    expect(summary.memoryBytes).toBeGreaterThan(10_000_000);
    expect(summary.calls).toContainEqual(expect.objectContaining({ name: 'CreateSession', count: 1, failed: 0 }));
    const reads = summary.calls.find(({ name }) => name === 'GetSession')!;
    expect(reads).toMatchObject({ count: 4, failed: 1 });
    expect(reads.p50Ms).toBeLessThanOrEqual(reads.p99Ms!);
    expect(summary.sessions).toMatchObject({ created: 1, found: 3, notFound: 0 });
    const { exit, stdout, stderr } = run(['stats', '--url', `${sidecar.httpUrl}/anything`]);
    expect({ exit, stderr }).toEqual({ exit: 'ok', stderr: '' });
    expect(stdout).toMatch(new RegExp(`^session-sidecar ${version} · memory store ready · up `));
    expect(stdout).toMatch(/^CALLS +COUNT +FAILED +MEAN +P50 +P99$/m);
    expect(stdout).toMatch(/^GetSession +4 +1 +[\d.]+ m?s/m);
    expect(stdout).toMatch(/^created +1$/m);
  });

  test('finds the sidecar by its settings', () => {
    const { host } = new URL(sidecar.httpUrl);
    expect(json(['stats'], { settings: { HTTP_ADDRESS: host } })).toMatchObject({ version });
    expect(json(['stats'], { settings: { HTTP_ADDRESS: `:${host.split(':')[1]}` } })).toMatchObject({ version });
  });

  test('shows only what happens in an interval', async () => {
    await callSome();
    let readings = 0;
    const url = await stack.serve((_request, response) => {
      void metricsPage(sidecar.httpUrl).then((page) => {
        readings += 1;
        response.end(page);
      });
    });
    const args = [binary, 'stats', '--url', url, '--over', '2s', '--json'];
    const { output, exit } = stack.command(process.execPath, args, { env: environment() });
    await until('the first reading', () => readings > 0);
    await client.call('createSession', {});
    expect((await exit).code).toBe(0);
    const summary = JSON.parse(output().stdout) as Summary & { readonly seconds: number };
    expect(summary.seconds).toBeGreaterThanOrEqual(2);
    expect(summary.calls.map(({ name, count }) => ({ name, count }))).toEqual([{ name: 'CreateSession', count: 1 }]);
    expect(summary.sessions).toMatchObject({ created: 1, found: 0 });
  });

  test('shows what was counted since a restart in an interval, and says so', async () => {
    await callSome();
    const before = await metricsPage(sidecar.httpUrl);
    const after = await metricsPage((await stack.process()).httpUrl);
    const pages = [before.replace(/^(process_start_time_seconds) .*/m, '$1 1'), after];
    const url = await stack.serve((_request, response) => response.end(pages.shift()));
    const args = [binary, 'stats', '--url', url, '--over', '100ms', '--json'];
    const { output, exit } = stack.command(process.execPath, args, { env: environment() });
    expect((await exit).code).toBe(0);
    expect(output().stderr).toContain('The sidecar has restarted in the meantime.');
    const summary = JSON.parse(output().stdout) as Summary;
    expect(summary).toMatchObject({ seconds: null, calls: [], sessions: { created: 0, found: 0 } });
  });

  test('says that nothing, or something else, answers', async () => {
    const other = await stack.serve((_request, response) => response.end('up 1\n'));
    const { output, exit: ended } = stack.command(process.execPath, [binary, 'stats', '--url', other], {
      env: environment(),
    });
    expect((await ended).code).toBe(69);
    expect(output().stderr).toBe(
      `error: No sidecar answers at ${other}: it serves other metrics. Name another address with --url.\n`,
    );
    const { exit, stderr } = run(['stats', '--url', `http://${await freeAddress()}`]);
    expect(exit).toBe('unavailable');
    expect(stderr).toContain('ECONNREFUSED');
  });

  test('shows a store that is not ready', async () => {
    const redis = await stack.redis();
    const onRedis = await stack.process({ redis });
    await redis.stop();
    await until('the sidecar to notice', () => !(json(['stats', '--url', onRedis.httpUrl]) as Summary).ready);
    expect(run(['stats', '--url', onRedis.httpUrl]).stdout).toContain('redis store not ready');
  });
});

async function metricsPage(httpUrl: string): Promise<string> {
  return (await fetch(`${httpUrl}/metrics`)).text();
}
