import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { blocksOf } from '../docs/markdown';
import { outcomeOf, outputOf } from '../support/commands';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found } from '../support/toolchains';
import { manifestOf, root } from './packages';
import { stackForAllTests } from '../support/stack';

const stack = stackForAllTests();

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
    wheels = stack.directory();
    const options = ['--quiet', '--no-deps', '--no-build-isolation', '--wheel-dir', wheels];
    const folders = packages.map(([folder]) => join(root, folder));
    outputOf(command, ['-m', 'pip', 'wheel', ...options, ...folders], { env });
    for (const wheel of readdirSync(wheels)) {
      outputOf(command, ['-m', 'zipfile', '--extract', join(wheels, wheel), wheels], { env });
    }
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
    const { address } = await stack.process();
    const [program, output] = blocksOf('client/python/README.md');
    const { stdout, stderr } = outcomeOf(command, ['-c', program!.text.replace('localhost:50051', address)], {
      env: { ...env, PYTHONPATH: wheels },
    });
    expect({ stdout, stderr }).toEqual({ stdout: output!.text, stderr: '' });
  });
});
