import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { settingRows } from '../../server/src/config';
import { startReadySidecar } from '../support/ready-sidecar';
import type { Sidecar } from '../support/sidecar';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found } from '../support/toolchains';
import { goStarters, pythonStarters } from './runners';
import type { Runner } from './runners';

const { go, python } = toolchains();
sayIfMissing('API tokens in Go', go);
sayIfMissing('API tokens in Python', python);
const starters = { ...goStarters(go), ...pythonStarters(python) };
/** Whether this sidecar can ask for them. */
const isKnown = JSON.stringify(settingRows()).includes('SESSION_SIDECAR_API_TOKENS');

const tokens = ['first-api-token-of-this-test', 'second-api-token-of-this-test'] as const;

let directory: string;
let file: string;
let sidecar: Sidecar;
let runner: Runner;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'session-sidecar-token-'));
  file = join(directory, 'token');
  sidecar = await startReadySidecar({ env: { SESSION_SIDECAR_API_TOKENS: tokens.join(',') } });
});

afterEach(async () => {
  await runner.close();
  await sidecar.close();
  rmSync(directory, { recursive: true, force: true });
});

/** As Kubernetes replaces a secret. */
function writeToken(text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

describe.each(Object.entries(starters))('%s', (_language, { toolchain, start }) => {
  const testIf = isKnown && toolchain.missing === undefined ? test : test.skip;

  testIf('sends the current API token of a file', async () => {
    writeToken(`${tokens[0]}\n`);
    runner = start(toolchain as Found, sidecar.address, { apiTokenFile: file });
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
