import { beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../support/poll';
import { freeAddress } from '../support/free-port';
import type { RedisServer } from '../support/redis';
import { stackForEachTest } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found } from '../support/toolchains';
import { goStarters } from './go-runner';
import { pythonStarters } from './python-runner';
import type { LoadReport, Runner } from './runner';

const { go, python } = toolchains();
sayIfMissing('restarts of the sidecar under load from Go', go);
sayIfMissing('restarts of the sidecar under load from Python', python);
const starters = { ...goStarters(go), ...pythonStarters(python) };

/** RESTARTS=20 measures instead: every restart counts, Redis has its default timeouts, and the figures are printed. */
const measured = process.env['RESTARTS'];
const workers = 8;
const wantedRestarts = Number(measured ?? 3);
/** The defaults of the sidecar. A stack sets longer ones, which suit tests. */
const timeForRedis = measured === undefined ? {} : { REDIS_COMMAND_TIMEOUT: '250ms', REDIS_MAX_SILENCE: '500ms' };
/** Calls have three seconds. A restart that takes longer than this on a busy machine proves nothing. */
const quickMs = measured === undefined ? 2000 : Infinity;

const stack = stackForEachTest();
let redis: RedisServer;
let runner: Runner;

beforeEach(async () => {
  redis = await stack.redis();
});

const addresses: Readonly<Record<string, () => Promise<string>>> = {
  'a TCP port': freeAddress,
  'a Unix socket': () => Promise.resolve(`unix:${stack.directory()}/sidecar.sock`),
};

async function ask(op: 'startLoad' | 'load' | 'stopLoad'): Promise<LoadReport> {
  const { result, error } = await runner.run({ actor: 'load', op, workers });
  expect(error).toBeUndefined();
  return result as LoadReport;
}

/** Waits until another 20 calls per worker have succeeded. */
async function progress(): Promise<LoadReport> {
  const before = await ask('load');
  const done = ({ calls, failures }: LoadReport): number =>
    calls - Object.values(failures).reduce((sum, count) => sum + count, 0);
  return until('more calls to succeed', async () => {
    const now = await ask('load');
    return done(now) >= done(before) + 20 * workers && now;
  });
}

describe.each(Object.entries(starters))('calls from %s', (language, { toolchain, start }) => {
  const testIf = toolchain.missing === undefined ? test : test.skip;

  testIf.each(Object.entries(addresses))(
    'do not fail, with their default deadline, when the sidecar on %s is restarted',
    async (kind, chooseAddress) => {
      const address = await chooseAddress();
      const serve = () =>
        stack.process({ redis, settings: { ...timeForRedis, GRPC_ADDRESS: address }, awaitReady: false });
      let sidecar = await serve();
      runner = start(stack, toolchain as Found, address);
      await ask('startLoad');
      let quick = 0;
      let longestMs = 0;
      for (let restarts = 0; quick < wantedRestarts && restarts < 5 * wantedRestarts; restarts++) {
        const { failures: before } = await progress();
        const begun = performance.now();
        sidecar.child.kill('SIGTERM');
        expect(await sidecar.exit).toEqual({ code: 0, signal: null });
        sidecar = await serve();
        const took = performance.now() - begun;
        longestMs = Math.max(longestMs, took);
        const isQuick = took < quickMs;
        const { failures, messages } = await progress();
        if (isQuick) expect({ failures, messages }).toEqual({ failures: before, messages });
        if (isQuick) quick++;
      }
      expect(quick).toBeGreaterThan(0);
      const { calls, failures } = await ask('stopLoad');
      if (measured !== undefined)
        console.log(`${language}, ${kind}: ${quick} restarts, the longest ${longestMs.toFixed(0)} ms; ${calls} calls`);
      expect(Object.keys(failures).filter((failure) => failure.includes('LOST'))).toEqual([]);
    },
  );
});
