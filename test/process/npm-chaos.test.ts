import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { scripts } from '../../package.json';
import { outputOf } from '../support/commands';
import { until } from '../support/poll';
import { stackForEachTest } from '../support/stack';

const root = join(__dirname, '../..');
const stack = stackForEachTest();

test('npm run chaos ends everything that it started when a signal reaches its own process alone', async () => {
  const args = ['--seconds', '600', '--mode', 'single', '--seed', '1', '--out', stack.directory()];
  const chaos = stack.command(process.execPath, [join(root, 'scripts/chaos.mjs'), ...args], { cwd: root });
  // Sidecars, Redis and callers run once progress is printed.
  await until('progress', () => chaos.output().stdout.includes('round 1'));

  chaos.child.kill('SIGTERM');
  expect(await chaos.exit).toEqual({ code: 128 + 15, signal: null });
  await until('the process group to be empty', () => runningIn(chaos.child.pid!).length === 0);
});

test.each(['chaos', 'fuzz', 'bench', 'bench:scale'] as const)(
  'npm run %s has no shell between npm and its last command',
  (name) => {
    expect(scripts[name]).toMatch(/&& exec node [\w./ ]+$/);
  },
);

/** The processes of a group that still run. One that has ended may stay listed until init reaps it. */
function runningIn(group: number): string[] {
  const processes = outputOf('ps', ['-eo', 'pgid=,stat=,args=']).split('\n');
  return processes.filter((line) => new RegExp(`^\\s*${group} [^Z]`).test(line));
}
