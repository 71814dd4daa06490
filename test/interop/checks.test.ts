import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { execute, outcomeOf } from '../support/commands';
import { stackForEachTest } from '../support/stack';
import { installGoCommand, sayIfMissing, toolchains } from '../support/toolchains';
import type { Found, Missing } from '../support/toolchains';

const root = join(__dirname, '..', '..');
const stack = stackForEachTest();
const { go, python } = toolchains();
sayIfMissing('the checks of Go code', go);
sayIfMissing('the checks of Python code', python);
const testWith = ({ missing }: Found | Missing) => (missing === undefined ? test : test.skip);

const modules = ['proto/gen/go', 'client/go', 'examples/go', 'test/interop/go', 'test/interop/go/web', 'test/fuzz/go'];
const written = modules.filter((folder) => !folder.startsWith('proto/gen'));
const scripts = [
  ...['client/python', 'examples/python', 'test/fuzz/python'],
  ...['python', 'python-web', 'django', 'pyramid', 'http/apps'].map((folder) => `test/interop/${folder}`),
];

/** Runs a command of a toolchain, and resolves to its standard output. Rejects with everything it printed, if it fails. */
async function run(
  toolchain: Found | Missing,
  command: string,
  args: readonly string[],
  cwd = root,
  more: NodeJS.ProcessEnv = {},
): Promise<string> {
  const { env } = toolchain as Found;
  const { stdout } = await execute(command, args, { cwd, env: { ...env, ...more } }).catch((failure: unknown) => {
    const { stdout: printed, stderr } = failure as { stdout: string; stderr: string };
    throw new Error(printed + stderr);
  });
  return stdout;
}

describe('Go code', () => {
  testWith(go)('is formatted', async () => {
    expect(await run(go, 'gofmt', ['-l', ...written, 'bench/go'])).toBe('');
  });

  testWith(go).each(modules)('%s passes go vet', async (folder) => {
    await run(go, 'go', ['vet', '-mod=readonly', './...'], join(root, folder));
  });

  testWith(go).each(written)('%s passes staticcheck', async (folder) => {
    installGoCommand(go as Found, 'honnef.co/go/tools/cmd/staticcheck');
    await run(go, 'staticcheck', ['./...'], join(root, folder));
  });

  /** The race detector requires a C compiler. */
  const race = outcomeOf('cc', ['--version']).status === 0 ? { flags: ['-race'], CGO_ENABLED: '1' } : { flags: [] };
  if (go.missing === undefined && race.flags.length === 0)
    sayIfMissing('the race detector for Go code', { missing: 'a C compiler' });

  testWith(go).each(['pipeline', 'unary'])('passes its own tests, with the %s transport', async (transport) => {
    const { flags, ...env } = race;
    // go vet has a test of its own, above.
    const own = 'github.com/session-sidecar/session-sidecar/client/go';
    const args = ['test', '-mod=readonly', '-vet=off', ...flags, './...', own];
    await run(go, 'go', args, join(root, 'test/interop/go'), { ...env, TRANSPORT: transport });
  });
});

describe('Python code', () => {
  testWith(python)('is formatted and passes ruff', async () => {
    await run(python, 'ruff', ['format', '--check', '--no-cache', ...scripts, 'bench/python']);
    await run(python, 'ruff', ['check', '--no-cache', ...scripts, 'bench/python']);
  });

  testWith(python)('passes mypy in strict mode', async () => {
    const cache = join(root, 'node_modules', '.cache', 'session-sidecar', 'mypy');
    await run(python, 'mypy', [`--cache-dir=${cache}`, 'client/python/session_sidecar', ...scripts.slice(1)]);
  });

  testWith(python)('passes pyright, and so does a program in strict mode that uses the package', async () => {
    const pyright = join(root, 'node_modules', '.bin', 'pyright');
    await run(python, pyright, ['--pythonpath', (python as Found).command]);
  });

  testWith(python)('passes its own tests', async () => {
    await run(python, 'python', ['-m', 'unittest', 'discover', '-s', 'test/interop/python']);
  });

  testWith(python)('can be installed, stubs and types included', async () => {
    const target = stack.directory();
    const packages = ['./proto/gen/python', './client/python'];
    const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--no-build-isolation', '--target', target];
    const { command, env } = python as Found;
    await run(python, command, [...pip, ...packages]);
    const program = [
      'import session_sidecar, importlib.resources as resources',
      'from session_sidecar_proto.session.v1 import error_reason_pb2',
      'print(session_sidecar.__file__, error_reason_pb2.ERROR_REASON_DRAINING)',
      'print([resources.files(name).joinpath("py.typed").is_file() for name in ("session_sidecar", "session_sidecar_proto")])',
    ].join('\n');
    const { stdout } = await execute(command, ['-c', program], {
      env: { ...env, PYTHONPATH: target },
      cwd: target,
    });
    expect(stdout).toBe(`${join(target, 'session_sidecar', '__init__.py')} 10\n[True, True]\n`);
  });
});
