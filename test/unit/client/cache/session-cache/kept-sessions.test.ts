import { describe, expect, test } from '@jest/globals';
import { shown, turns } from '../../../../support/cache-world/world';
import { becomeLive, keptAfter, opened, openedAtOnce, settled, shownState, world } from './fixture';

describe('a session in the cache', () => {
  test('is not replaced by an earlier reply that arrives later', async () => {
    await becomeLive();
    const earlier = world.read();
    await turns();
    world.execute();
    world.changeHere();
    world.sendReport();
    world.receiveReport();
    const later = world.read();
    await turns();
    world.execute();
    world.receiveReply(1);
    await later;
    world.receiveReply(0);
    await earlier;
    expect(shown(openedAtOnce()!.session!)).toEqual(shownState());
  });

  test('is not current because another state had the same version', async () => {
    await becomeLive();
    world.changeElsewhere();
    await settled(world.open());
    await becomeLive();
    world.failOver(1);
    world.changeElsewhere();
    await settled(undefined);
    expect(shown((await opened()).session!)).toEqual(shownState());
  });

  test('is dropped at once when opening shows that it has ended', async () => {
    await becomeLive();
    world.logOutElsewhere();
    world.hearRedis();
    world.sendReport();
    world.receive();
    expect((await opened()).session).toBeUndefined();
    expect(world.cache.stats.sessions).toBe(0);
  });

  test('is not kept when its token does not contain its handle, because reports could not be matched to it', async () => {
    const session = { ...(await opened()).session!, handle: 'another' };
    expect(await keptAfter({ session, notModified: undefined, liveMs: 1000, etag: Buffer.of(1) })).toBe(0);
  });

  test('of a sidecar that sends no etag is not kept', async () => {
    const { session } = await opened();
    expect(await keptAfter({ session, notModified: undefined, liveMs: 0, etag: Buffer.alloc(0) })).toBe(0);
  });

  test('does not open for the token that it had before', async () => {
    await becomeLive();
    const old = world.token;
    world.regenerateElsewhere();
    world.hearRedis();
    await settled(world.open());
    await becomeLive();
    expect(world.cache.find(old)).toBeUndefined();
    expect((await settled(world.read(old))).session).toBeUndefined();
    expect(openedAtOnce()).toBeDefined();
  });
});
