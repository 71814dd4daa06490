import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { SessionClient } from '../../client/src';
import { Play } from '../interop/play';
import { limits, scenariosFor } from '../interop/steps';
import { connectTypeScript } from '../interop/typescript-runner';
import { outcomeOf, outputOf } from '../support/commands';
import { until } from '../support/poll';
import { asVariables, binary, metricsOf, onRedis, residentBytesOf, untilReady, untilServing } from '../support/process';
import type { ServingProcess } from '../support/process';
import { connectRaw } from '../support/raw-grpc';
import type { RedisServer } from '../support/redis';
import { stackForAllTests } from '../support/stack';
import { ask, askJson, inspected } from './inspector/fixture';

const stack = stackForAllTests();

/*
 * The sidecar and its commands as they are shipped, on each supported Node.js release. `npm run test:nodes` runs all tests on each, which takes too long to
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

const pathTo = (node: string) => ({ PATH: [dirname(node), process.env['PATH']].join(delimiter) });

/** By its first line, as users start it, which has flags for Node.js. */
function startOn(node: string, variables: Readonly<Record<string, string>> = {}): Promise<ServingProcess> {
  const free = { GRPC_ADDRESS: '127.0.0.1:0', HTTP_ADDRESS: '127.0.0.1:0' };
  const env = { ...variables, ...pathTo(node), ...asVariables({ ...free, ...onRedis(redis) }) };
  return untilServing(stack.command(binary, [], { env }));
}

/** What a command prints as JSON. It must print nothing else, such as a warning of Node.js. */
function commandOn(node: string, args: readonly string[], settings: Readonly<Record<string, string>>): unknown {
  const env = { ...pathTo(node), ...asVariables(settings) };
  const { stdout, stderr } = outcomeOf(binary, [...args, '--json'], { env });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe.each(releases)('the sidecar on Node.js $version', ({ version, command }) => {
  if (command === undefined)
    process.stderr.write(`\nSKIPPED: the sidecar on Node.js ${version}, which npm could not be asked for.\n\n`);
  const run = command === undefined ? test.skip : test;

  run('serves every scenario, its operators too, logs no warning, and stops at SIGTERM', async () => {
    const adminAddress = `unix:${join(stack.directory(), 'admin.sock')}`;
    const settings = asVariables({ ADMIN_ADDRESS: adminAddress, ...inspected });
    const sidecar = await startOn(command!, { ...limits, ...settings });
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

    const client = connectRaw(sidecar.address);
    const { session } = await client.call('createSession', { subject: 'operated' });
    client.close();
    const listed = commandOn(command!, ['subject', 'list', 'operated'], { GRPC_ADDRESS: sidecar.address });
    expect(JSON.stringify(listed)).toContain(session!.handle);
    const revoke = ['sessions', 'revoke', '--subject', 'operated'];
    expect(commandOn(command!, revoke, { ADMIN_ADDRESS: adminAddress })).toMatchObject({ revoked: 1, done: true });
    expect(commandOn(command!, ['doctor'], onRedis(redis))).toMatchObject({
      findings: expect.arrayContaining([expect.objectContaining({ check: 'scripts', status: 'ok' })]),
    });
    const page = await ask(sidecar, '/');
    expect(page).toMatchObject({ status: 200, body: expect.stringContaining('CreateSession') });
    expect(await askJson(sidecar, '/version')).toMatchObject({ node: `v${version}` });

    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toEqual({ code: 0, signal: null });
    expect(sidecar.output().stderr).toBe('');
  });

  // V8 of Node.js 20 does so by itself, and takes 16 seconds.
  if (version.startsWith('20.')) return;
  run('returns the memory that only starting took, once it is idle', async () => {
    const { child } = await startOn(command!);
    const atFirst = residentBytesOf(child.pid)!;
    await until('5 MB to be returned', () => residentBytesOf(child.pid)! < atFirst - 5e6);
  });

  run('frees what reads leave in minor garbage collections', async () => {
    const sidecar = await startOn(command!);
    await untilReady(sidecar);
    const client = stack.use(new SessionClient({ address: sidecar.address }));
    const session = client.create();
    session.set('text', 'x'.repeat(64 * 1024));
    await session.save();
    const read = async (count: number) => {
      for (let times = 0; times < count / 8; times += 1)
        await Promise.all(Array.from({ length: 8 }, () => client.open(session.token)));
    };
    const fullCollections = async () =>
      (await metricsOf(sidecar)).value('nodejs_gc_duration_seconds_count', { kind: 'major' }) ?? 0;

    await read(1000);
    const before = await fullCollections();
    await read(6000);
    // It was one for 1,000 reads, and is one for 25,000.
    expect((await fullCollections()) - before).toBeLessThanOrEqual(3);
  });

  // On older ones, --max-semi-space-size counts as a flag of V8.
  if (Number.parseInt(version) < 24) return;
  run('has Node.js compile none of its own modules, which it contains compiled', () => {
    const directory = stack.directory();
    const [preload, report] = [join(directory, 'report.cjs'), join(directory, 'report.txt')];
    writeFileSync(
      preload,
      `process.on('exit', () => fs.writeFileSync(${JSON.stringify(report)}, compiledModules()));
      const { internalBinding } = require('internal/test/binding');
      const fs = require('node:fs');
      const compiledModules = () => [...internalBinding('builtins').getCacheUsage().compiledWithoutCache].join(' ');`,
    );
    const [, flags = ''] = /^#!.* node (.+)/.exec(readFileSync(binary, 'utf8')) ?? [];
    const args = [...flags.split(' '), '--expose-internals', '--require', preload, binary];
    const env = {
      ...asVariables({ GRPC_ADDRESS: '127.0.0.1:0', HTTP_ADDRESS: '127.0.0.1:0', EXIT_ON_STDIN_END: 'on' }),
    };
    expect(outcomeOf(command!, args, { env, input: '' })).toMatchObject({ status: 0 });
    expect(readFileSync(report, 'utf8')).toBe('');
  });
});
