import { describe, expect, test } from '@jest/globals';
import { shown, turns } from '../../../../support/cache-world/world';
import { becomeLive, expectLive, opened, openedAtOnce, settled, shownState, world } from './fixture';

describe('a session in the cache', () => {
  test('shows the change of its own client at once, without a call, also after that is reported', async () => {
    await becomeLive();
    const change = world.change();
    await turns();
    world.execute();
    world.receive();
    await change;
    expect(shown(openedAtOnce()!.session!)).toEqual(shownState());
    world.sendReport();
    world.receive();
    expectLive();
  });

  test('is not replaced by a read that its own change has overtaken', async () => {
    await becomeLive();
    const read = world.read();
    await turns();
    const change = world.change();
    await turns();
    world.execute(0);
    world.execute(0);
    world.receiveReply(1);
    await change;
    world.receiveReply(0);
    await read;
    expect(shown(openedAtOnce()!.session!)).toEqual(shownState());
  });

  test('is not restored by a read that its own change has overtaken when the cache had no copy', async () => {
    await settled(world.open());
    const read = world.read();
    await turns();
    const change = world.newCsrfToken();
    await turns();
    world.execute(0);
    world.execute(0);
    world.receiveReply(1);
    await change;
    world.receiveReply(0);
    await read;
    expect(openedAtOnce()).toBeUndefined();
  });

  test('is not the result of applying its own change to an outdated copy', async () => {
    await becomeLive();
    world.changeElsewhere();
    await settled(world.change());
    expect(shown((await opened()).session!)).toEqual(shownState());
  });

  test('is not updated by a change that was applied to another state of the same version', async () => {
    await becomeLive();
    world.changeElsewhere();
    await becomeLive();
    world.failOver(1);
    world.changeElsewhere();
    // The client has not heard of it when it makes its change.
    const change = world.change();
    await turns();
    world.execute();
    await settled(change);
    expect(shown((await opened()).session!)).toEqual(shownState());
  });

  test('is dropped when its client made a change that the cache cannot follow', async () => {
    await becomeLive();
    const change = world.newCsrfToken();
    await turns();
    world.execute();
    world.receive();
    await change;
    expect(openedAtOnce()).toBeUndefined();
    expect(world.cache.stats.sessions).toBe(0);
  });
});
