import { describe, expect, test } from '@jest/globals';
import { ReplyError } from 'ioredis';
import { sessionNotFound } from '../../../../server/src/session/errors';
import { codeOf, toStoreError } from '../../../../server/src/store/redis/redis-errors';

const reply = (text: string) => new (ReplyError as unknown as new (message: string) => Error)(text);
const change = { handle: 'h', isChange: true };
const read = { handle: 'h', isChange: false };

describe('toStoreError()', () => {
  test.each([
    ['a change that Redis did not answer', new Error('Command timed out'), change, 'true'],
    ['a read that Redis did not answer', new Error('Command timed out'), read, 'false'],
    ['a change that Redis rejected', reply('READONLY You can not write against a read only replica.'), change, 'false'],
  ])('reports %s as STORE_UNAVAILABLE', (_what, error, command, maybeApplied) => {
    expect(toStoreError(error, command)).toMatchObject({
      reason: 'STORE_UNAVAILABLE',
      metadata: { maybe_applied: maybeApplied },
    });
  });

  test('reports a Redis without memory as STORE_FULL', () => {
    expect(toStoreError(reply("OOM command not allowed when used memory > 'maxmemory'."), change)).toMatchObject({
      reason: 'STORE_FULL',
    });
  });

  test('reports a key of another type as an unreadable record', () => {
    expect(toStoreError(reply('WRONGTYPE Operation against a key'), read)).toMatchObject({
      problem: 'foreign_type',
      handle: 'h',
    });
  });

  test.each([sessionNotFound(), reply('ERR Error running script')])('leaves %s as it is', (error) => {
    expect(toStoreError(error, change)).toBe(error);
  });
});

test('codeOf() is the first word of an error reply', () => {
  expect(codeOf(reply('LOADING Redis is loading the dataset in memory'))).toBe('LOADING');
  expect(codeOf(new Error('LOADING'))).toBeUndefined();
});
