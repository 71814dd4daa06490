import { describe, expect, test } from '@jest/globals';
import { resolveCodec } from '../../../../client/src/session/codec';
import { FlashMessages } from '../../../../client/src/session/flash-messages';

const flashWith = (waiting: Record<string, number> = {}) =>
  new FlashMessages(
    resolveCodec(undefined),
    Object.entries(waiting).map(([name, messageCount]) => ({ name, messageCount })),
  );
const texts = (...messages: string[]) => messages.map((message) => Buffer.from(JSON.stringify(message)));

describe('read()', () => {
  test('gives the waiting messages, then those not saved yet, of the one queue', () => {
    const flash = flashWith();
    flash.push('c', { queue: 'news' });
    flash.push('x');
    expect(flash.read('news', texts('a', 'b'))).toEqual(['a', 'b', 'c']);
  });

  test('leaves out messages that would not be added because they already wait', () => {
    const flash = flashWith();
    flash.push('a', { allowDuplicate: false });
    flash.push('b', { allowDuplicate: false });
    flash.push('b', { allowDuplicate: false });
    expect(flash.read('', texts('a'))).toEqual(['a', 'b']);
  });
});

describe('read() compares by value', () => {
  test.each([
    ['{"a":1,"b":[2]}', '{ "b": [2.0], "a": 1 }', true],
    ['"\\u00e9"', '"é"', true],
    ['100', '1e2', true],
    ['-0.0', '0', true],
    ['9007199254740993', '9007199254740992', false],
    ['{"id":9007199254740993}', '{ "id":9007199254740993}', false],
    ['0.1', '0.1000000000000000055511151231257827', false],
    ['1e400', '1e401', false],
    ['1', 'true', false],
    ['[1,2]', '[2,1]', false],
    ['x', ' x', false],
    ['x', 'x', true],
    [`${'['.repeat(1001)}${']'.repeat(1001)}`, `${'['.repeat(1001)} ${']'.repeat(1001)}`, false],
  ])('%.30s and %.30s', (waiting, unsaved, isSame) => {
    const bytes = { encode: Buffer.from, decode: (text: Uint8Array) => Buffer.from(text).toString() };
    const flash = new FlashMessages(resolveCodec(bytes));
    flash.push(unsaved, { allowDuplicate: false });
    expect(flash.read('', [Buffer.from(waiting)])).toHaveLength(isSame ? 1 : 2);
  });
});

describe('settle()', () => {
  test('forgets what was sent, keeps what came later, and counts what was added', () => {
    const flash = flashWith();
    flash.push('a');
    flash.push('b', { queue: 'news', allowDuplicate: false });
    const captured = flash.capture();
    flash.push('c');
    captured.settle([
      { applied: true, messages: [] },
      { applied: false, messages: [] },
    ]);
    expect(flash.read('', [])).toEqual(['c']);
    expect([flash.isWaiting(''), flash.isWaiting('news')]).toEqual([true, false]);
  });
});

describe('capture()', () => {
  test('leaves out the queues that are popped in the same step', () => {
    const flash = flashWith();
    flash.push('a');
    flash.push('b', { queue: 'news' });
    const { mutations } = flash.capture(new Set(['']));
    expect(mutations.map(({ kind }) => kind?.value)).toMatchObject([{ queue: 'news' }]);
  });
});

describe('take()', () => {
  test('reads one queue and forgets it', () => {
    const flash = flashWith({ '': 1, news: 2 });
    flash.push('a');
    flash.push('b', { queue: 'news' });
    expect(flash.take('', texts('popped'))).toEqual(['popped', 'a']);
    expect([flash.isWaiting(''), flash.isWaiting('news'), flash.isWaiting('other')]).toEqual([false, true, false]);
    expect(flash.capture().mutations).toHaveLength(1);
  });
});

test('A message that is not JSON is refused', () => {
  expect(() => flashWith().push({ at: new Date(0) })).toThrow('`message.at`');
});

test('copyUnsaved() adds what is not saved, and nothing that waits', () => {
  const flash = flashWith({ '': 2 });
  flash.push('a', { queue: 'news' });
  const other = flashWith();
  other.push('b', { queue: 'news' });
  flash.copyUnsaved(other);
  expect(other.read('news', [])).toEqual(['b', 'a']);
  expect([other.isWaiting(''), flash.read('news', [])]).toEqual([false, ['a']]);
});
