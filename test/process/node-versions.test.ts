import { delimiter, dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Play } from '../interop/play';
import { limits, scenariosFor } from '../interop/steps';
import { connectTypeScript } from '../interop/typescript-runner';
import { outputOf } from '../support/commands';
import { asVariables, binary, metricsOf, onRedis, untilServing } from '../support/process';
import type { ServingProcess } from '../support/process';
import type { RedisServer } from '../support/redis';
import { stackForAllTests } from '../support/stack';

const stack = stackForAllTests();

/*
 * The sidecar as it is shipped, on each supported Node.js release. `npm run test:nodes` runs all tests on each, which takes too long to
 * do every time.
 */
const script = join(__dirname, '../../scripts/lib/node-versions.mjs');
const releases = JSON.parse(outputOf(process.execPath, [script])) as readonly {
  readonly version: string;
  /** Absent where npm cannot be asked for it. */
  readonly command?: string;
}[];

let redis: RedisServer;

beforeAll(async () => {
  redis = await stack.redis();
});

/** By its first line, as users start it, which has flags for Node.js. */
function startOn(node: string): Promise<ServingProcess> {
  const env = {
    ...limits,
    PATH: [dirname(node), process.env['PATH']].join(delimiter),
    ...asVariables({ GRPC_ADDRESS: '127.0.0.1:0', HTTP_ADDRESS: '127.0.0.1:0', ...onRedis(redis) }),
  };
  return untilServing(stack.command(binary, [], { env }));
}

describe.each(releases)('the sidecar on Node.js $version', ({ version, command }) => {
  if (command === undefined)
    process.stderr.write(`\nSKIPPED: the sidecar on Node.js ${version}, which npm could not be asked for.\n\n`);
  const run = command === undefined ? test.skip : test;

  run('serves every scenario, logs no warning, and stops at SIGTERM', async () => {
    const sidecar = await startOn(command!);
    const { samples } = await metricsOf(sidecar);
    expect(samples.find(({ name }) => name === 'nodejs_version_info')?.labels).toMatchObject({
      version: `v${version}`,
    });

    const runner = connectTypeScript(sidecar.address);
    for (const { roles, steps } of scenariosFor('typescript')) {
      const runners = Object.fromEntries(Object.keys(roles).map((role) => [role, runner]));
      await new Play({ runners, sidecars: [sidecar] }).run(steps);
    }
    runner.close();

    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toEqual({ code: 0, signal: null });
    expect(sidecar.output().stderr).toBe('');
  });
});
