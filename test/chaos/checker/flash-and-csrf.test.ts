import { describe, expect, test } from '@jest/globals';
import { brokenBy, expectBreach, maybe, Story } from './fixture';

const pushed = (s: Story): Story => s.call('f', 100, { kind: 'pushFlash' });
const pop = (s: Story, id: string, at: number, ...messages: string[]): Story =>
  s.call(id, at, { kind: 'popFlash' }, { messages });

describe('the checker rejects a history in which a flash message', () => {
  test('is popped twice', () => {
    expectBreach(
      (s) => pop(pushed(s), 'p1', 200, 'f'),
      (s) => pop(s, 'p2', 300, 'f'),
      'no flash message is popped twice',
    );
  });

  test('is lost', () => {
    expectBreach(pushed, (s) => pop(s, 'p1', 200), 'no flash message is lost');
  });

  test('is popped that was never pushed', () => {
    expectBreach(pushed, (s) => pop(s, 'p1', 200, 'f', 'x'), 'no flash message comes from nowhere');
  });

  test('is popped before an older one', () => {
    expectBreach(
      (s) => pushed(s).call('g', 150, { kind: 'pushFlash' }),
      (s) => pop(s, 'p1', 200, 'g', 'f'),
      'flash messages come in their order',
    );
  });

  test('is peeked at after it was popped', () => {
    expectBreach(
      (s) => pop(pushed(s), 'p1', 200, 'f'),
      (s) => s.call('k', 300, { kind: 'peekFlash' }, { messages: ['f'] }),
      'a popped flash message is gone',
    );
  });
});

test('the checker accepts that a pop without a reply has taken a flash message', () => {
  const story = pop(pushed(new Story()).call('p1', 200, { kind: 'popFlash' }, maybe()), 'p2', 300);
  expect(brokenBy(story.history)).toEqual([]);
});

test('the checker rejects a history in which an old CSRF token is returned', () => {
  expectBreach(
    (s) => s.call('n', 100, { kind: 'newCsrf' }, { csrf: 'new' }).call('g', 200, { kind: 'getCsrf' }, { csrf: 'new' }),
    (s) => s.call('g2', 300, { kind: 'getCsrf' }, { csrf: 'csrf-s' }),
    'the CSRF token is the last one made',
  );
});
