import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { startReadySidecar } from '../support/ready-sidecar';
import { startRedis } from '../support/redis';
import type { RedisServer } from '../support/redis';
import type { Sidecar } from '../support/sidecar';
import { sayIfMissing, toolchains } from '../support/toolchains';
import { Play } from './play';
import { pythonModes, startGo, startGoUnary, startGoWithCache, startPython, startTypeScript } from './runners';
import type { Runner, RunnerOptions } from './runners';
import { castLabel, casts, limits, scenarios, scenariosFor } from './steps';
import type { Language } from './steps';

const { go, python } = toolchains();
sayIfMissing('the scenarios of test/interop in Go', go);
sayIfMissing('the scenarios of test/interop in Python', python);

let redis: RedisServer;
let sidecar: Sidecar;
const runners = new Map<Language, Runner>();
const otherGos = { 'over unary calls': startGoUnary, 'with a cache': startGoWithCache };
const gos = new Map<string, Runner>();
/** The other ways to use the Python client. */
const otherPythons: Readonly<Record<string, RunnerOptions>> = {
  ...Object.fromEntries(pythonModes.slice(1).map((mode) => [mode, { mode }])),
  'pipeline with a cache': { env: { CACHE: String(1 << 24) } },
  'asyncio pipeline with a cache': { mode: 'asyncio pipeline', env: { CACHE: String(1 << 24) } },
};
const pythons = new Map<string, Runner>();

beforeAll(async () => {
  redis = await startRedis();
  sidecar = await startReadySidecar({ redisUrl: redis.url, env: limits });
  runners.set('typescript', startTypeScript(sidecar.address));
  if (go.missing === undefined) {
    runners.set('go', startGo(go, sidecar.address));
    for (const [name, start] of Object.entries(otherGos)) gos.set(name, start(go, sidecar.address));
  }
  if (python.missing !== undefined) return;
  runners.set('python', startPython(python, sidecar.address));
  for (const [name, options] of Object.entries(otherPythons))
    pythons.set(name, startPython(python, sidecar.address, options));
}, 300_000);

afterAll(async () => {
  await Promise.all([...runners.values(), ...gos.values(), ...pythons.values()].map((runner) => runner.close()));
  await sidecar.close();
  await redis.stop();
});

const isMissing = (language: Language): boolean =>
  (language === 'go' && go.missing !== undefined) || (language === 'python' && python.missing !== undefined);

describe.each(scenarios)('$name', (scenario) => {
  for (const cast of casts(scenario.roles)) {
    const run = Object.values(cast).some(isMissing) ? test.skip : test;
    run(castLabel(cast), async () => {
      const actors = Object.entries(cast).map(([role, language]) => [role, runners.get(language)!]);
      await new Play({ runners: Object.fromEntries(actors), sidecars: [sidecar] }).run(scenario.steps);
    });
  }
});

describe.each(Object.keys(otherGos))('in Go %s', (name) => {
  const testIf = go.missing === undefined ? test : test.skip;

  testIf.each(scenariosFor('go'))('$name', async ({ roles, steps }) => {
    const actors = Object.keys(roles).map((role) => [role, gos.get(name)!]);
    await new Play({ runners: Object.fromEntries(actors), sidecars: [sidecar] }).run(steps);
  });
});

describe.each(Object.keys(otherPythons))('in Python, %s', (name) => {
  const run = python.missing === undefined ? test : test.skip;

  run.each(scenariosFor('python'))('$name', async ({ roles, steps }) => {
    const actors = Object.keys(roles).map((role) => [role, pythons.get(name)!]);
    await new Play({ runners: Object.fromEntries(actors), sidecars: [sidecar] }).run(steps);
  });
});
