import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { blocksOf } from '../docs/markdown';
import { outcomeOf, outputOf } from '../support/commands';
import { stackForAllTests } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found } from '../support/toolchains';
import { manifestOf, pack, root } from './packages';

const stack = stackForAllTests();

const { python } = toolchains();
sayIfMissing('the installed packages for Python', python);
const describePython = python.missing === undefined ? describe : describe.skip;

/** Other packages that pip gets have the versions that the other tests run with. */
const constraints = join(root, 'scripts/tools/requirements.txt');

/*
 * The packages as their users have them: packed by `npm run release:pack`, and installed with the line that the guide gives, into an
 * environment that is empty otherwise.
 */
describePython('the packages for Python, installed', () => {
  const { command, env } = python as Found;
  const { version } = manifestOf('.');
  let release: string;
  let printed: string;

  beforeAll(() => {
    release = join(stack.directory(), 'session-sidecar/release');
    ({ printed } = pack(release));
  });

  const lineOf = (text: string): string => /^ *(pip install .+\.whl.*)$/m.exec(text)?.[1] ?? '';
  const guide = blocksOf('docs/guide/install.md').map(({ text }) => text);

  /** Makes an environment, runs a line that installs into it, and returns its Python. */
  function installed(line: string): { readonly command: string; readonly env: NodeJS.ProcessEnv } {
    const directory = stack.directory();
    // To install pip into it would take longer than all that is tested: that of the toolchain installs into it.
    outputOf(command, ['-m', 'venv', '--without-pip', directory], { env });
    const own = { ...env, PYTHONPATH: '', PIP_CONSTRAINT: constraints, PIP_PYTHON: join(directory, 'bin/python') };
    outputOf('sh', ['-c', line], { env: own, cwd: directory });
    return { command: own.PIP_PYTHON, env: own };
  }

  test('are what npm run release:pack says', () => {
    const names = ['session_sidecar', 'session_sidecar_proto'];
    const files = names.flatMap((name) => [`${name}-${version}-py3-none-any.whl`, `${name}-${version}.tar.gz`]);
    expect(readdirSync(release).filter((file) => file.startsWith('session_sidecar'))).toEqual(files.sort());
    const wheels = files.filter((file) => file.endsWith('.whl')).sort();
    expect(lineOf(printed)).toBe(`pip install ${wheels.map((file) => join(release, file)).join(' ')}`);
  });

  test.each([
    ['as wheels, by the line of the guide', (text: string) => text],
    ['as sdists', (text: string) => text.replaceAll('.whl', '.tar.gz')],
  ])('work %s', async (_name, change) => {
    const line = change(lineOf(guide.join('\n'))).replaceAll('../session-sidecar/release', release);
    expect(line).toContain(release);
    const { address } = await stack.process();
    const own = installed(line);
    const [program, output] = blocksOf('client/python/README.md');
    const { stdout, stderr } = outcomeOf(own.command, ['-c', program!.text.replace('localhost:50051', address)], {
      env: own.env,
    });
    expect({ stdout, stderr }).toEqual({ stdout: output!.text, stderr: '' });
  });
});
