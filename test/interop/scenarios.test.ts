import { beforeAll, describe, test } from '@jest/globals';
import type { Sidecar } from '../support/sidecar';
import { stackForAllTests } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import { cacheVariable } from './child-runner';
import { startGo, startGoUnary, startGoWithCache } from './go-runner';
import { Play } from './play';
import { pythonModes, startPython } from './python-runner';
import type { PythonOptions } from './python-runner';
import type { Runner } from './runner';
import { castLabel, casts, limits, scenarios, scenariosFor } from './steps';
import type { Language, Scenario } from './steps';
import { connectTypeScript } from './typescript-runner';

const { go, python } = toolchains();
sayIfMissing('the scenarios of test/interop in Go', go);
sayIfMissing('the scenarios of test/interop in Python', python);

/** The ways to use the Go client that are not its default. */
const otherGos = { 'over unary calls': startGoUnary, 'with a cache': startGoWithCache };
/** The ways to use the Python client that are not its default. */
const otherPythons: Readonly<Record<string, PythonOptions>> = {
  ...Object.fromEntries(pythonModes.slice(1).map((mode) => [mode, { mode }])),
  'pipeline with a cache': { env: cacheVariable },
  'asyncio pipeline with a cache': { mode: 'asyncio pipeline', env: cacheVariable },
};

const stack = stackForAllTests();
let sidecar: Sidecar;
const runners = new Map<Language, Runner>();
const gos = new Map<string, Runner>();
const pythons = new Map<string, Runner>();

beforeAll(async () => {
  sidecar = await stack.sidecar({ redis: await stack.redis(), env: limits });
  const { address } = sidecar;
  runners.set('typescript', stack.use(connectTypeScript(address)));
  if (go.missing === undefined) {
    runners.set('go', startGo(stack, go, address));
    for (const [name, start] of Object.entries(otherGos)) gos.set(name, start(stack, go, address));
  }
  if (python.missing === undefined) {
    runners.set('python', startPython(stack, python, address));
    for (const [name, options] of Object.entries(otherPythons))
      pythons.set(name, startPython(stack, python, address, options));
  }
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

/** One runner plays every role. */
async function playAlone(runner: Runner, { roles, steps }: Scenario): Promise<void> {
  const actors = Object.keys(roles).map((role) => [role, runner]);
  await new Play({ runners: Object.fromEntries(actors), sidecars: [sidecar] }).run(steps);
}

describe.each(Object.keys(otherGos))('in Go %s', (name) => {
  const run = go.missing === undefined ? test : test.skip;
  run.each(scenariosFor('go'))('$name', (scenario) => playAlone(gos.get(name)!, scenario));
});

describe.each(Object.keys(otherPythons))('in Python, %s', (name) => {
  const run = python.missing === undefined ? test : test.skip;
  run.each(scenariosFor('python'))('$name', (scenario) => playAlone(pythons.get(name)!, scenario));
});
