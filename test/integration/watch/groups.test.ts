import { beforeAll, describe, expect, test } from '@jest/globals';
import type { SessionEvent } from '@session-sidecar/client';
import { connect } from '../../support/client';
import { until } from '../../support/poll';
import type { Sidecar } from '../../support/sidecar';
import { stackForAllTests } from '../../support/stack';
import { Watching } from '../../support/watching';
import { signIn, startStore } from './fixture';
import type { Client, Topology } from './fixture';

/** With the memory store, both are one sidecar. */
describe.each<Topology>(['memory', 'redis', 'cluster'])('a group of watchers on %s', (topology) => {
  const stack = stackForAllTests();
  let sidecars: Sidecar[];
  let clients: Client[];

  beforeAll(async () => {
    const { options } = await startStore(stack, topology);
    const first = await stack.sidecar(options);
    sidecars = [first, topology === 'memory' ? first : await stack.sidecar(options)];
    clients = sidecars.map((sidecar) => stack.use(connect(sidecar)));
  });

  /** A watcher through each of the sidecars. */
  const watchers = (group: string) =>
    Promise.all(clients.map((client) => Watching.start(stack, client, { group, subject: group })));

  test('gets each event once', async () => {
    const [one, other] = await watchers('once');
    const made = await Promise.all(Array.from({ length: 50 }, (_, index) => signIn(clients[index % 2]!, 'once')));
    const all = () => [...one!.events, ...other!.events].map(({ handle }) => handle);
    await until('all events', () => all().length >= 50);
    // Another group is independent: when it has the last event, nothing more is to come for the first one.
    expect(all().toSorted()).toEqual(made.map(({ handle }) => handle!).toSorted());
  });

  test('goes on with the next watcher when the active one is gone, without what it has processed', async () => {
    const [one, other] = await watchers('next');
    const client = clients[0]!;
    const first = await signIn(client, 'next');
    const [active, standby] = await until('the first event', () => {
      if (one!.events.length > 0) return [one!, other!];
      return other!.events.length > 0 && [other!, one!];
    });
    expect(active.events[0]?.handle).toBe(first.handle);
    await active.stop();
    const second = await signIn(client, 'next');
    await standby.event('created', second.handle);
    expect(standby.events.map(({ handle }) => handle)).toEqual([second.handle]);
  });

  test('gets again what was not processed', async () => {
    const client = clients[0]!;
    const group = 'again';
    const iterator = client.watch({ group, subject: group });
    let taken: SessionEvent | undefined;
    void iterator.next().then(({ value }) => (taken = value as SessionEvent));
    // A group begins when it is first watched, which is some time after the call.
    await until('an event that is taken', async () => {
      await signIn(client, group);
      return taken !== undefined;
    });
    const other = await Watching.start(stack, clients[1]!, { group, subject: group });
    await iterator.return();
    await other.event('created', taken!.handle);
    expect(other.events[0]?.handle).toBe(taken!.handle);
  });

  test('goes on where it was after all its watchers were away', async () => {
    const client = clients[0]!;
    const group = 'away';
    const first = await Watching.start(stack, client, { group, subject: group });
    const one = await signIn(client, group);
    const two = await signIn(client, group);
    await first.event('created', two.handle);
    await first.stop();
    const three = await signIn(client, group);
    const second = await Watching.start(stack, client, { group, subject: group });
    await second.event('created', three.handle);
    expect(second.events.map(({ handle }) => handle)).not.toContain(one.handle);
  });
});
