import { describe, expect, test } from '@jest/globals';
import { ReplyError } from 'ioredis';
import { createLogger } from '../../server/src/logging';

/** What is logged of an error. */
function logged(error: unknown): Readonly<Record<string, unknown>> {
  let line = '';
  const logger = createLogger('info', { write: (text) => (line += text) });
  logger.error({ err: error }, 'failed');
  return (JSON.parse(line) as { err: Record<string, unknown> }).err;
}

function reply(message: string): Error {
  const ReplyErrorClass = ReplyError as unknown as new (message: string) => Error;
  return Object.assign(new ReplyErrorClass(message), { command: { name: 'evalsha', args: ['s3cret'] } });
}

describe('a log line', () => {
  test('is one line of JSON with level, time, fields and message', () => {
    let text = '';
    createLogger('info', { write: (line) => (text += line) }).info({ a: 1 }, 'hello');
    expect(text).toMatch(/^\{"level":"info","time":"\d{4}-\d\d-\d\dT[\d:.]+Z","a":1,"msg":"hello"\}\n$/);
  });

  test('is not written when it is less important than the level', () => {
    let text = '';
    createLogger('warn', { write: (line) => (text += line) }).info('hello');
    expect(text).toBe('');
  });
});

describe('of an error', () => {
  test('type, message, code and stack are logged, and nothing else that hangs on it', () => {
    const error = Object.assign(new TypeError('broken'), {
      code: 'E_BROKEN',
      command: { args: ['s3cret'] },
      token: 's3cret',
    });
    expect(logged(error)).toEqual({ type: 'TypeError', message: 'broken', code: 'E_BROKEN', stack: error.stack });
  });

  test('its causes are logged likewise', () => {
    const cause = Object.assign(new Error('inner', { cause: 's3cret' }), { args: ['s3cret'] });
    expect(logged(new Error('outer', { cause }))).toMatchObject({
      message: 'outer',
      causes: [{ type: 'Error', message: 'inner' }],
    });
    expect(JSON.stringify(logged(new Error('outer', { cause })))).not.toContain('s3cret');
  });

  test('each failed attempt is logged, where a host has several addresses', () => {
    const attempts = ['::1', '127.0.0.1'].map((host) => new Error(`connect ECONNREFUSED ${host}:6379`));
    const messages = (logged(new AggregateError(attempts))['causes'] as { message: string }[]).map(
      ({ message }) => message,
    );
    expect(messages).toEqual(['connect ECONNREFUSED ::1:6379', 'connect ECONNREFUSED 127.0.0.1:6379']);
  });

  test('the last failure of a node is logged, where a Cluster cannot be reached', () => {
    const error = Object.assign(new Error('Failed to refresh slots cache.'), { lastNodeError: reply('NOAUTH s3cret') });
    expect(logged(error)).toMatchObject({ causes: [{ type: 'ReplyError', message: 'Redis answered with NOAUTH' }] });
  });

  test.each([
    ["ERR unknown command 'evalsha', with args beginning with: 's3cret' ", 'Redis answered with ERR'],
    ['WRONGPASS invalid username-password pair s3cret', 'Redis answered with WRONGPASS'],
    ['NOPERM', 'Redis answered with NOPERM'],
    ['ERR user_script:12: s3cret is nil script: abc, on @user_script:12.', 'Redis answered with ERR at user_script:12'],
    ['s3cret', 'Redis answered with an error'],
    ['S3CRET is not a code', 'Redis answered with an error'],
  ])('nothing of what Redis replied is logged but its code: %s', (message, expected) => {
    expect(logged(reply(message))).toEqual({ type: 'ReplyError', message: expected });
  });

  test('what is no error is not logged', () => {
    expect(logged('s3cret')).toEqual({ type: 'string', message: 'not an Error' });
    expect(logged({ token: 's3cret' })).toEqual({ type: 'object', message: 'not an Error' });
  });
});
