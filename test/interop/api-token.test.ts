import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { settingRows } from '../../server/src/config';
import type { Sidecar } from '../support/sidecar';
import { stackForEachTest } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found } from '../support/toolchains';
import { goStarters } from './go-runner';
import { pythonStarters } from './python-runner';

const { go, python } = toolchains();
sayIfMissing('API tokens in Go', go);
sayIfMissing('API tokens in Python', python);
const starters = { ...goStarters(go), ...pythonStarters(python) };
/** Whether this build of the sidecar can require API tokens. */
const isKnown = JSON.stringify(settingRows()).includes('SESSION_SIDECAR_API_TOKENS');

const tokens = ['first-api-token-of-this-test', 'second-api-token-of-this-test'] as const;

const stack = stackForEachTest();
let file: string;
let sidecar: Sidecar;

beforeEach(async () => {
  file = join(stack.directory(), 'token');
  sidecar = await stack.sidecar({ settings: { API_TOKENS: tokens.join(',') } });
});

/** Replaces the file as Kubernetes does. */
function writeToken(text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

describe.each(Object.entries(starters))('%s', (_language, { toolchain, start }) => {
  const testIf = isKnown && toolchain.missing === undefined ? test : test.skip;

  testIf('sends the current API token of a file', async () => {
    writeToken(`${tokens[0]}\n`);
    const runner = start(stack, toolchain as Found, sidecar.address, { apiTokenFile: file });
    const save = async (value: string) => {
      await runner.run({ actor: 'me', op: 'set', key: 'a', value });
      return runner.run({ actor: 'me', op: 'save' });
    };
    await runner.run({ actor: 'me', op: 'open' });
    expect(await save('1')).toEqual({ result: null });
    writeToken('an-api-token-that-is-not-listed');
    expect(await save('2')).toMatchObject({ error: { code: 'API_TOKEN_INVALID', status: 500 } });
    writeToken(tokens[1]);
    expect(await save('3')).toEqual({ result: null });
  });
});
