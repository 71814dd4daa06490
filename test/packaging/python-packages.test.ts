import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { blocksOf } from '../docs/markdown';
import { startServing, stopProcesses } from '../support/process';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found } from '../support/toolchains';
import { manifestOf, root } from './packages';

const { python } = toolchains();
sayIfMissing('the packages for Python', python);
const describePython = python.missing === undefined ? describe : describe.skip;

/** What the packages are built from, and the folder of each wheel's code. */
const packages = [
  ['client/python', 'session_sidecar'],
  ['proto/gen/python', 'session_sidecar_proto'],
] as const;

describePython('the packages for Python', () => {
  const { command, env } = python as Found;
  let wheels: string;

  beforeAll(() => {
    wheels = mkdtempSync(join(tmpdir(), 'session-sidecar-wheels-'));
    const options = ['--quiet', '--no-deps', '--no-build-isolation', '--wheel-dir', wheels];
    const folders = packages.map(([folder]) => join(root, folder));
    execFileSync(command, ['-m', 'pip', 'wheel', ...options, ...folders], { env });
    for (const wheel of readdirSync(wheels)) {
      execFileSync(command, ['-m', 'zipfile', '--extract', join(wheels, wheel), wheels], { env });
    }
  }, 120_000);

  afterAll(async () => {
    await stopProcesses();
    rmSync(wheels, { recursive: true, force: true });
  });

  test.each(packages)(
    '%s becomes a wheel with types, README and licence, of the version of the project',
    (folder, name) => {
      const { version } = manifestOf('.');
      expect(readdirSync(join(wheels, name))).toContain('py.typed');
      const information = join(wheels, `${name}-${version}.dist-info`);
      expect(readFileSync(join(information, 'METADATA'), 'utf8')).toContain(
        readFileSync(join(root, folder, 'README.md'), 'utf8'),
      );
      expect(readFileSync(join(information, 'licenses/LICENSE'), 'utf8')).toBe(
        readFileSync(join(root, 'LICENSE'), 'utf8'),
      );
    },
  );

  test('work as the README says', async () => {
    const { address } = await startServing();
    const [program, output] = blocksOf('client/python/README.md');
    const { stdout, stderr } = spawnSync(command, ['-c', program!.text.replace('localhost:50051', address)], {
      env: { ...env, PYTHONPATH: wheels },
      encoding: 'utf8',
    });
    expect({ stdout, stderr }).toEqual({ stdout: output!.text, stderr: '' });
  });
});
