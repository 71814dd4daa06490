import { beforeAll, describe, expect, test } from '@jest/globals';
import { codeOf, connect } from '../../support/client';
import { until } from '../../support/poll';
import { stackForAllTests } from '../../support/stack';
import { Watching } from '../../support/watching';
import { signIn, startStore } from './fixture';
import type { Client, Topology } from './fixture';

describe.each<Topology>(['memory', 'redis', 'cluster'])('watching again on %s', (topology) => {
  const stack = stackForAllTests();
  let client: Client;

  beforeAll(async () => {
    const { options } = await startStore(stack, topology);
    client = stack.use(connect(await stack.sidecar(options)));
  });

  test('with a cursor misses nothing', async () => {
    const first = await Watching.start(stack, client, { subject: 'back' });
    const before = await signIn(client, 'back');
    const { cursor } = await first.event('created', before.handle);
    await first.stop();
    const away = await Promise.all(Array.from({ length: 30 }, () => signIn(client, 'back')));

    const second = await Watching.start(stack, client, { subject: 'back', after: cursor });
    const after = await signIn(client, 'back');
    await second.event('created', after.handle);
    await until('all events', () => second.events.length >= 31);
    const handles = second.events.map(({ handle }) => handle);
    expect(handles.toSorted()).toEqual([...away, after].map(({ handle }) => handle!).toSorted());
  });

  test('goes on after each event, not only after the last one', async () => {
    const first = await Watching.start(stack, client, { subject: 'each' });
    for (let count = 0; count < 5; count += 1) await signIn(client, 'each');
    await until('all events', () => first.events.length === 5);
    for (const [index, { cursor }] of first.events.entries()) {
      const again = await Watching.start(stack, client, { subject: 'each', after: cursor });
      const rest = first.events.slice(index + 1).map(({ handle }) => handle);
      await until('the rest', () => again.events.length >= rest.length);
      expect(again.events.map(({ handle }) => handle)).toEqual(rest);
      await again.stop();
    }
  });

  test('of one subject reports no other', async () => {
    const ada = await Watching.start(stack, client, { subject: 'only ada' });
    const all = await Watching.start(stack, client);
    const [other, own] = [await signIn(client, 'only grace'), await signIn(client, 'only ada')];
    const { handle } = own;
    await other.invalidate();
    await own.invalidate();
    await Promise.all([ada.event('invalidated', handle), all.event('invalidated', handle)]);
    expect(ada.texts).toEqual(['created only ada', 'invalidated only ada']);
    expect(all.texts).toContain('invalidated only grace');
  });

  test.each(['', 'x', 'A'.repeat(200)])('with something else than a cursor is refused: %s', async (after) => {
    expect(await codeOf(client.watch({ after }).next())).toBe('INVALID_ARGUMENT');
  });

  test.each(['', 'a b', 'x'.repeat(65)])('in a group with an invalid name is refused: %s', async (group) => {
    expect(await codeOf(client.watch({ group }).next())).toBe('INVALID_ARGUMENT');
  });

  test('of an invalid subject is refused', async () => {
    expect(await codeOf(client.watch({ subject: '' }).next())).toBe('INVALID_ARGUMENT');
  });

  test('with the cursor of another store is refused', async () => {
    const other = stack.use(connect(await stack.sidecar((await startStore(stack, topology)).options)));
    const watching = await Watching.start(stack, other);
    const { cursor } = await watching.event('created', (await signIn(other, 'ada')).handle);
    expect(await codeOf(client.watch({ after: cursor }).next())).toBe('CURSOR_EXPIRED');
  });

  test('ends when its signal is aborted, and with its client', async () => {
    const watching = await Watching.start(stack, client);
    await watching.stop();
    expect(watching.error).toMatchObject({ code: 'CANCELLED' });
  });
});
