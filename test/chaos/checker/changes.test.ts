import { describe, expect, test } from '@jest/globals';
import type { Call } from '../history';
import { brokenBy, expectBreach, maybe, refused, Story } from './fixture';

describe('the checker rejects a history in which a change', () => {
  test('is acknowledged but missing', () => {
    expectBreach(
      (s) => s.update('1', 100, { version: 2 }).read('r', 105, 1, ['s']),
      (s) => s.read('r2', 200, 2, ['s']),
      'no acknowledged change is lost',
    );
  });

  test('is applied twice', () => {
    expectBreach(
      (s) => s.update('1', 100, { version: 2 }).read('r', 200, 2, ['s', '1']),
      (s) => s.read('r2', 300, 2, ['s', '1', '1']),
      'no change is applied twice',
    );
  });

  test('is applied although it was rejected', () => {
    expectBreach(
      (s) => s.update('1', 100, refused()).read('r', 200, 1, ['s']),
      (s) => s.read('r2', 300, 2, ['s', '1']),
      'a change that was refused is not applied',
    );
  });

  test('appears without a request, or before it', () => {
    const story = new Story();
    expectBreach(
      (s) => s.update('1', 100, maybe()).read('r', 200, 2, ['s', '1']),
      (s) => s.read('r2', 300, 3, ['s', '1', 'x']),
      'nothing is stored that was not requested',
      story,
    );
    story.update('2', 500, { version: 3 }).read('r3', 400, 3, ['s', '1', '2']);
    expect(brokenBy(story.history)).toContain('nothing is read before it was requested');
  });

  test('appears after its caller received a failure', () => {
    expectBreach(
      (s) => s.update('1', 100, maybe()).read('r', 150, 1, ['s']).read('r2', 200, 1, ['s']),
      (s) => s.read('r3', 300, 2, ['s', '1']),
      'nothing takes effect late',
    );
  });

  test('overwrites an acknowledged one after its caller gave up', () => {
    expectBreach(
      (s) => s.update('1', 100, maybe()).update('2', 300, { version: 2 }).read('r', 400, 2, ['s', '2']),
      (s) => s.read('r3', 3000, 3, ['s', '2', '1']),
      'nothing takes effect late',
    );
  });

  test('takes effect after its deadline, without a reply', () => {
    expectBreach(
      (s) => s.update('1', 100, maybe('UNAVAILABLE')).read('r', 900, 1, ['s']).read('r2', 1000, 2, ['s', '1']),
      (s) =>
        s
          .update('2', 1200, maybe('UNAVAILABLE'), { deadline: 1300 })
          .read('r3', 1400, 2, ['s', '1'])
          .read('r4', 1500, 3, ['s', '1', '2']),
      'nothing takes effect late',
    );
  });

  test('is applied in part', () => {
    const increment: Call = {
      kind: 'update',
      through: 'api',
      writes: [
        { kind: 'increment', by: 5 },
        { kind: 'set', key: 'a' },
      ],
    };
    const whole = { count: 5, registers: { a: '1' } };
    expectBreach(
      (s) =>
        s.call('1', 100, increment, { version: 2, values: ['5', undefined] }).read('r', 200, 2, ['s', '1'], {}, whole),
      (s) => s.read('r2', 300, 2, ['s', '1'], {}, { ...whole, count: 0 }),
      'reads show whole changes',
    );
  });

  test('returns other values than those it produced', () => {
    const take: Call = { kind: 'update', through: 'api', writes: [{ kind: 'take', key: 'a' }] };
    expectBreach(
      (s) => s.call('1', 100, take, { version: 2, values: [undefined] }).read('r', 200, 2, ['s', '1']),
      (s) => s.call('2', 300, take, { version: 3, values: ['1'] }).read('r2', 400, 3, ['s', '1', '2']),
      'changes return what they did',
    );
  });

  test('is stored before one that completed earlier', () => {
    expectBreach(
      (s) => s.update('1', 100, { version: 3 }).update('2', 105, { version: 2 }).read('r', 200, 3, ['s', '2', '1']),
      (s) =>
        s
          .update('3', 300, { version: 5 })
          .update('4', 400, { version: 4 })
          .read('r2', 500, 5, ['s', '2', '1', '4', '3']),
      'changes stand in their order',
    );
  });

  test('comes after different predecessors in two reads', () => {
    expectBreach(
      (s) => s.update('1', 100, { version: 2 }).update('2', 100, { version: 3 }).read('r', 200, 3, ['s', '1', '2']),
      (s) => s.read('r2', 300, 3, ['s', '2', '1']),
      'one history',
    );
  });
});
