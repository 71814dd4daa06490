import { beforeAll, describe, test } from '@jest/globals';
import type { Sidecar } from '../support/sidecar';
import { stackForAllTests } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import { startGo } from './go-runner';
import { Play } from './play';
import { startPython } from './python-runner';
import type { PythonMode } from './python-runner';
import type { Runner } from './runner';
import { connectTypeScript } from './typescript-runner';

const { go, python } = toolchains();
sayIfMissing('the limit of sessions in Go', go);
sayIfMissing('the limit of sessions in Python', python);

const stack = stackForAllTests();
let sidecar: Sidecar;

beforeAll(async () => {
  const settings = { MAX_SESSIONS_PER_SUBJECT: '1', SUBJECT_LIMIT_ACTION: 'refuse' };
  sidecar = await stack.sidecar({ settings });
});

const starters: Record<string, () => Runner | undefined> = {
  TypeScript: () => stack.use(connectTypeScript(sidecar.address)),
  Go: () => (go.missing === undefined ? startGo(stack, go, sidecar.address) : undefined),
  ...Object.fromEntries(
    (['pipeline', 'asyncio pipeline'] satisfies PythonMode[]).map((mode) => [
      `Python, ${mode}`,
      () => (python.missing === undefined ? startPython(stack, python, sidecar.address, { mode }) : undefined),
    ]),
  ),
};

describe.each(Object.entries(starters))('%s', (_language, start) => {
  test('knows by name that a subject has too many sessions, and can log in once one has ended', async () => {
    const runner = start();
    // It was said that the toolchain is missing.
    if (runner === undefined) return;
    const setting = 'SESSION_SIDECAR_MAX_SESSIONS_PER_SUBJECT';
    const error = { code: 'TOO_MANY_SESSIONS', status: 409, metadata: { limit: '1', setting } };
    await new Play({ runners: { phone: runner, laptop: runner }, sidecars: [sidecar] }).run([
      { by: 'phone', op: 'open' },
      { by: 'laptop', op: 'open' },
      { by: 'phone', op: 'belongTo', id: 'ada' },
      { by: 'phone', op: 'save' },
      { by: 'laptop', op: 'belongTo', id: 'ada' },
      { by: 'laptop', op: 'save', error },
      { by: 'phone', op: 'regenerate' },
      { by: 'phone', op: 'invalidate' },
      { by: 'laptop', op: 'save' },
      { by: 'phone', op: 'open' },
      { by: 'phone', op: 'set', key: 'n', value: 1 },
      { by: 'phone', op: 'save' },
      { by: 'phone', op: 'belongTo', id: 'ada' },
      { by: 'phone', op: 'regenerate', error },
      { by: 'phone', op: 'regenerateOrCreate', error },
      { by: 'laptop', op: 'endAll', id: 'ada', expect: 1 },
      { by: 'phone', op: 'regenerate' },
    ]);
  });
});
