import { execFileSync, spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Play } from '../interop/play';
import { startTypeScript } from '../interop/runners';
import { limits, scenariosFor } from '../interop/steps';
import { binary, follow, metricsOf, signingKey, stopProcesses, untilServing } from '../support/process';
import type { ServingProcess } from '../support/process';
import { startRedis } from '../support/redis';
import type { RedisServer } from '../support/redis';

/*
 * The sidecar as it is shipped, on each supported Node.js release. `npm run test:nodes` runs all tests on each, which takes too long to
 * do every time.
 */
const script = join(__dirname, '../../scripts/lib/node-versions.mjs');
const releases = JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8' })) as readonly {
  readonly version: string;
  /** Absent where npm cannot be asked for it. */
  readonly command?: string;
}[];

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterEach(stopProcesses);

afterAll(() => redis.stop());

/** By its first line, as users start it, which has flags for Node.js. */
function startOn(node: string): Promise<ServingProcess> {
  const env = {
    ...limits,
    PATH: [dirname(node), process.env['PATH']].join(delimiter),
    REDIS_URL: redis.url,
    SESSION_SIDECAR_GRPC_ADDRESS: '127.0.0.1:0',
    SESSION_SIDECAR_HTTP_ADDRESS: '127.0.0.1:0',
    SESSION_SIDECAR_REDIS_COMMAND_TIMEOUT: '20s',
    SESSION_SIDECAR_REDIS_MAX_SILENCE: '20s',
    SESSION_SIDECAR_SIGNING_KEYS: signingKey,
  };
  return untilServing(follow(spawn(binary, { env, stdio: ['ignore', 'pipe', 'pipe'] })));
}

describe.each(releases)('the sidecar on Node.js $version', ({ version, command }) => {
  if (command === undefined)
    process.stderr.write(`\nSKIPPED: the sidecar on Node.js ${version}, which npm could not be asked for.\n\n`);
  const run = command === undefined ? test.skip : test;

  run('serves every scenario, warns of nothing, and stops when it is told to', async () => {
    const sidecar = await startOn(command!);
    const { samples } = await metricsOf(sidecar);
    expect(samples.find(({ name }) => name === 'nodejs_version_info')?.labels).toMatchObject({
      version: `v${version}`,
    });

    const runner = startTypeScript(sidecar.address);
    for (const { roles, steps } of scenariosFor('typescript')) {
      const runners = Object.fromEntries(Object.keys(roles).map((role) => [role, runner]));
      await new Play({ runners, sidecars: [sidecar] }).run(steps);
    }
    await runner.close();

    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toEqual({ code: 0, signal: null });
    expect(sidecar.output().stderr).toBe('');
  });
});
