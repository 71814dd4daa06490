import { Writable } from 'node:stream';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { LogLevelControl } from '../../../server/src/inspector/log-level';
import { createLogger } from '../../../server/src/logging';

let lines: string[];
let control: LogLevelControl;

beforeEach(() => {
  jest.useFakeTimers();
  lines = [];
  const destination = new Writable({
    write(line: Buffer, _encoding, done) {
      lines.push(line.toString());
      done();
    },
  });
  control = new LogLevelControl(createLogger('info', destination), 'info');
});

afterEach(() => {
  control.close();
  jest.useRealTimers();
});

test('a level with a time goes back when the time is over, not before', () => {
  control.set('debug', 1_000);
  const until = new Date(Date.now() + 1_000).toISOString();
  jest.advanceTimersByTime(999);
  expect(control.state).toEqual({ level: 'debug', configured: 'info', until });
  jest.advanceTimersByTime(1);
  expect(control.state).toEqual({ level: 'info', configured: 'info', until: null });
  expect(lines).toHaveLength(2);
});

test('a change ends the time of the change before it', () => {
  control.set('debug', 1_000);
  control.set('error');
  jest.advanceTimersByTime(60_000);
  expect(control.state).toEqual({ level: 'error', configured: 'info', until: null });
});

test('every change is logged, also between levels that log nothing else', () => {
  control.set('error');
  control.set('warn');
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { level: 'info', msg: 'log level changed', from: 'info', to: 'error' },
    { level: 'info', msg: 'log level changed', from: 'error', to: 'warn' },
  ]);
});
