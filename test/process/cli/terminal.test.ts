import { describe, expect, test } from '@jest/globals';
import { outcomeOf } from '../../support/commands';
import { binary } from '../../support/process';
import { environment, onTerminal, run } from './fixture';

const escape = '\u001b[';
const args = ['doctor'];

describe('colors', () => {
  test('are for terminals', () => {
    expect(onTerminal(args)).toContain(escape);
    expect(run(args).stdout).not.toContain(escape);
    expect(run(args, { env: { FORCE_COLOR: '1', CI: 'true' } }).stdout).not.toContain(escape);
  });

  test.each([{ NO_COLOR: '1' }, { NO_COLOR: '1', FORCE_COLOR: '1' }, { TERM: 'dumb' }])('are off with %j', (env) => {
    expect(onTerminal(args, { env: env })).not.toContain(escape);
    expect(onTerminal(['help'], { env: env })).not.toContain(escape);
  });

  test('are on with an empty NO_COLOR', () => {
    expect(onTerminal(args, { env: { NO_COLOR: '' } })).toContain(escape);
  });
});

test('a reader that closes the pipe early is no error', () => {
  const program = `${process.execPath} ${binary} check-config | true; exit \${PIPESTATUS[0]}`;
  const { status, stderr } = outcomeOf('bash', ['--norc', '-c', program], { env: environment() });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
