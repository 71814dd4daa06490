import { beforeAll, describe, expect, test } from '@jest/globals';
import { Play } from '../interop/play';
import { startGo } from '../interop/go-runner';
import { startPython } from '../interop/python-runner';
import type { Runner } from '../interop/runner';
import { castLabel, casts, limits, scenariosFor } from '../interop/steps';
import type { Cast, Language, Step } from '../interop/steps';
import { connectTypeScript } from '../interop/typescript-runner';
import { codeOf, connect } from '../support/client';
import { signingKey } from '../support/process';
import type { ServingProcess } from '../support/process';
import { connectRaw, failureOf } from '../support/raw-grpc';
import type { RedisServer } from '../support/redis';
import { countRpcs } from '../support/sidecar';
import type { Sidecar } from '../support/sidecar';
import { sayIfMissing, toolchains } from '../support/toolchains';
import { oldBuild, oldSidecar } from './old-build';
import { stackForAllTests } from '../support/stack';

const stack = stackForAllTests();

/*
 * What is true while a deployment is upgraded or rolled back: old and new sidecars share a Redis, and beside each there may be an
 * app with the old client or with the new one. The scenarios of test/interop must hold in each combination.
 */
const { go, python } = toolchains();
sayIfMissing('the client for Go beside an old sidecar', go);
sayIfMissing('the client for Python beside an old sidecar', python);

const actors = [
  'old client, old sidecar',
  'old client, new sidecar',
  'new client, old sidecar',
  'new client, new sidecar',
];
const allNew = actors.at(-1);

let redis: RedisServer;
let before: ServingProcess;
let after: Sidecar;
const runners = new Map<string, Runner>();

beforeAll(async () => {
  redis = await stack.redis();
  before = await stack.process({ ...oldSidecar(redis), env: limits });
  after = await stack.sidecar({ redis, settings: { SIGNING_KEYS: signingKey }, env: limits });
  for (const name of actors) {
    const { address } = name.endsWith('old sidecar') ? before : after;
    runners.set(name, stack.use(connectTypeScript(address, name.startsWith('old client') ? oldBuild : undefined)));
  }
});

async function play(cast: Cast<string>, steps: readonly Step[]): Promise<void> {
  const players = Object.entries(cast).map(([role, actor]) => [role, runners.get(actor)!]);
  await new Play({ runners: Object.fromEntries(players), sidecars: [before, after] }).run(steps);
}

const playedBefore = (language: Language) => scenariosFor(language).filter(({ isNew }) => !isNew);

describe.each(playedBefore('typescript'))('$name', ({ roles, steps }) => {
  const mixed = casts(Object.fromEntries(Object.keys(roles).map((role) => [role, actors]))).filter((cast) =>
    Object.values(cast).some((actor) => actor !== allNew),
  );
  test.each(mixed.map((cast) => [castLabel(cast), cast] as const))('%s', (_who, cast) => play(cast, steps));
});

const others = { go: { toolchain: go, start: startGo }, python: { toolchain: python, start: startPython } };

describe.each(['go', 'python'] as const)('the new client in %s beside the old sidecar', (language) => {
  const { toolchain, start } = others[language];
  const run = toolchain.missing === undefined ? test : test.skip;

  beforeAll(() => {
    if (toolchain.missing === undefined) runners.set(language, start(stack, toolchain, before.address));
  });

  run.each(playedBefore(language))('$name', ({ roles, steps }) =>
    play(Object.fromEntries(Object.keys(roles).map((role) => [role, language])), steps),
  );
});

test('the old sidecar does not mistake a session that is opened by id for a new one', async () => {
  const client = stack.use(connect(before));
  expect(await codeOf(client.openById('an id'))).toBe('UNIMPLEMENTED');
});

test('the scenarios called every method of the released API, at both sidecars', async () => {
  const released = oldBuild.api.getService('session.v1.SessionService')!.methods.map(({ name }) => name);
  for (const sidecar of [before, after])
    expect(Object.keys(await countRpcs(sidecar))).toEqual(expect.arrayContaining(released));
});

test('the new client pops and saves together beside the old sidecar, which takes a call for each', async () => {
  const client = stack.use(connect<{ count: number }>(before));
  const session = client.create();
  session.flash('one');
  session.flash('two', { queue: 'errors' });
  await session.save();
  const found = await client.open(session.token);
  found.set('count', 1);
  expect(await Promise.all([found.popFlash(), found.popFlash('errors'), found.save()])).toEqual([
    ['one'],
    ['two'],
    undefined,
  ]);
  const next = await client.open(session.token);
  expect([next.get('count'), await next.popFlash()]).toEqual([1, []]);
});

test('the old sidecar does not support Pipeline, so the new client called it without', async () => {
  const raw = stack.use(connectRaw(before.address));
  expect(await failureOf(raw.send('Pipeline', Buffer.alloc(0)))).toMatchObject({ status: 'UNIMPLEMENTED' });
});
