import { describe, expect, test } from '@jest/globals';
import { version } from '../../../server/package.json';
import { definitions } from '../../../server/src/cli';
import { commandSummaries } from '../../../server/src/cli/command-names';
import { exitCodes } from '../../../server/src/cli/exit-codes';
import { run } from './fixture';

describe('help', () => {
  test('lists every command', () => {
    const { exit, stdout, stderr } = run(['help']);
    expect({ exit, stderr }).toEqual({ exit: 'ok', stderr: '' });
    for (const name of Object.keys(commandSummaries)) expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
  });

  test.each(definitions)('of $name has its options, examples and exit codes', ({ name, options, examples, exits }) => {
    const { exit, stdout, stderr } = run([...name.split(' '), '--help']);
    expect({ exit, stderr }).toEqual({ exit: 'ok', stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: session-sidecar ${name}\\b`));
    for (const { flags } of options) expect(stdout).toContain(flags);
    for (const { command, purpose } of examples) expect(stdout).toContain(`  # ${purpose}\n  ${command}\n`);
    for (const one of exits) expect(stdout).toContain(`${exitCodes[one].code}  ${exitCodes[one].meaning}`);
    expect(run(['help', ...name.split(' ')]).stdout).toBe(stdout);
  });

  test('of serve lists all settings', () => {
    for (const args of [['serve', '--help'], ['--help'], ['help', 'serve']]) {
      const { stdout } = run(args);
      expect(stdout).toContain('SESSION_SIDECAR_MAX_KEYS, --max-keys');
      expect(stdout).toMatch(/^ {2}doctor +Examine the Redis/m);
    }
  });
});

test('serve --version prints the version', () => {
  expect(run(['serve', '--version']).stdout).toBe(`session-sidecar ${version}\n`);
});

describe('a mistake', () => {
  test.each([
    { args: ['docter'], advice: 'Unknown command. Did you mean doctor?' },
    { args: ['check_config'], advice: 'Unknown command. Did you mean check-config?' },
    { args: ['help', 'docter'], advice: 'error: Unknown command. Did you mean doctor?' },
    { args: ['help', 'session', 'shwo'], advice: 'error: Unknown command. Did you mean show?' },
    { args: ['session', 'shwo'], advice: "error: unknown command 'shwo'\n(Did you mean show?)" },
    { args: ['stats', '--ulr', 'x'], advice: "error: unknown option '--ulr'\n(Did you mean --url?)" },
    { args: ['doctor', '--redis-dv', '3'], advice: 'error: --redis-dv: Unknown flag. Did you mean --redis-db?' },
    { args: ['doctor', '--jsn'], advice: 'error: --jsn: Unknown flag. Did you mean --json?' },
    { args: ['load', '--duration', '10'], advice: 'Expected a duration from 100ms to 24h with one of the units' },
    { args: ['load', '--read-ratio', '2'], advice: 'Expected a number from 0 to 1, like 0.9, got `2`.' },
    { args: ['load', '--in-flight', '0'], advice: 'Expected a whole number from 1 to 10000, got `0`.' },
    { args: ['completion', 'tcsh'], advice: 'Allowed choices are bash, zsh, fish.' },
    { args: ['stats', '--url', 'localhost:9464'], advice: '--url: Expected a URL such as http://127.0.0.1:9464.' },
  ])('in $args ends with 64 and says what was probably meant', ({ args, advice }) => {
    const { exit, stdout, stderr } = run(args);
    expect(exit).toBe('usage');
    expect(`${stdout}${stderr}`).toContain(advice);
  });

  const token = `${'T0ken_-'.repeat(6)}a.${'s'.repeat(24)}`;

  test.each(
    [
      [token],
      ['session', token],
      ['session', 'show', token],
      ['session', 'show', '--token', token],
      ['session', 'invalidate', `--token=${token}`],
      ['stats', token],
      ['doctor', token],
      ['help', token],
      ['secret', 'new', '--count', '2', token],
    ].map((args) => ({ args })),
  )('never repeats a word that may be a token: $args', ({ args }) => {
    const { exit, stdout, stderr } = run(args);
    expect(exit).toBe('usage');
    expect(`${stdout}${stderr}`).not.toBe('');
    expect(`${stdout}${stderr}`).not.toContain(token);
  });
});
