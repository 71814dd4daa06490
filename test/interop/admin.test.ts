import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { adminToken, isAlive, signIn, startAdministered } from '../integration/admin/fixture';
import type { Administered } from '../integration/admin/fixture';
import { execute } from '../support/commands';
import { stackForAllTests } from '../support/stack';
import { buildGo, sayIfMissing, toolchains } from '../support/toolchains';
import type { Found, Missing } from '../support/toolchains';

const stack = stackForAllTests();
const { go, python } = toolchains();
sayIfMissing('administration in Go', go);
sayIfMissing('administration in Python', python);

const languages: Record<string, { toolchain: Found | Missing; command: (found: Found) => string[] }> = {
  go: { toolchain: go, command: (found) => [buildGo(found, 'test/interop/go/admin')] },
  python: { toolchain: python, command: ({ command }) => [command, join(__dirname, 'python/admin.py')] },
};

let all: Administered;

beforeAll(async () => {
  all = await startAdministered(stack);
});

for (const [language, { toolchain, command }] of Object.entries(languages)) {
  const testIfFound = toolchain.missing === undefined ? test : test.skip;
  testIfFound(`the stubs for ${language} count, read and end sessions`, async () => {
    const { app, sidecar } = all;
    const session = await signIn(app, `of ${language}`);
    const [file = '', ...args] = command(toolchain as Found);
    const own = [...args, sidecar.adminAddress!, adminToken, session.handle];
    const { stdout } = await execute(file, own, { env: (toolchain as Found).env });
    const { refused, ...others } = JSON.parse(stdout) as Record<string, unknown>;
    expect(String(refused).toUpperCase()).toBe('UNAUTHENTICATED');
    expect(others).toEqual({
      ...{ count: 1, done: true, status: 'SESSION_RESULT_STATUS_FOUND', cart: '"tea"', revoked: 1 },
    });
    expect(await isAlive(app, session)).toBe(false);
  });
}
