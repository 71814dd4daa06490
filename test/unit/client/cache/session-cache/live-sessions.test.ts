import { describe, expect, jest, test } from '@jest/globals';
import { maxStalenessMs } from '../../../../../client/src/cache/liveness';
import { touchIntervalMs } from '../../../../support/cache-world/stored-session';
import { shown, turns } from '../../../../support/cache-world/world';
import { becomeLive, expectLive, opened, openedAtOnce, settled, shownState, world } from './fixture';

/** Expects a session to be live once it was read, and to stay so when the reply to an earlier read arrives. */
async function expectLiveAfterLate(late: Promise<unknown>): Promise<void> {
  const next = world.read();
  await turns();
  world.execute();
  world.receiveReply(1);
  await next;
  expectLive();
  world.receiveReply(0);
  await late;
  expectLive();
}

describe('a session in the cache', () => {
  test('is live after it was read on a confirmed stream', async () => {
    await becomeLive();
    expectLive();
  });

  test('is not live when it was read before anything was confirmed', async () => {
    const first = world.read();
    await turns();
    world.execute();
    world.receive();
    await first;
    expect(openedAtOnce()).toBeUndefined();
  });

  test('is no longer live when a change to it is reported', async () => {
    await becomeLive();
    world.changeHere();
    world.sendReport();
    world.receive();
    expect(openedAtOnce()).toBeUndefined();
    const { session } = await opened();
    expect(shown(session!)).toEqual(shownState());
  });

  test('is no longer live when anything may have changed', async () => {
    await becomeLive();
    world.loseRedis();
    world.sendReport();
    world.receive();
    expect(openedAtOnce()).toBeUndefined();
  });

  test('is no longer live when its stream is lost, although the next one confirms', async () => {
    await becomeLive();
    world.changeElsewhere();
    world.hearRedis();
    world.loseStream();
    world.settle();
    expect(openedAtOnce()).toBeUndefined();
  });

  test('is no longer live when the sidecar falls silent', async () => {
    await becomeLive();
    jest.advanceTimersByTime(maxStalenessMs);
    expect(openedAtOnce()).toBeUndefined();
    // Nothing was missed meanwhile.
    await settled(undefined);
    expect(openedAtOnce()).toBeDefined();
  });

  test('is no longer live when Redis falls silent, although the sidecar answers', async () => {
    await becomeLive();
    for (let elapsed = 0; elapsed < maxStalenessMs; elapsed += 100) {
      jest.advanceTimersByTime(100);
      world.sendReport();
      world.receive();
    }
    expect(openedAtOnce()).toBeUndefined();
  });

  test('is no longer live when an access is due to be recorded', async () => {
    await becomeLive();
    for (let elapsed = 0; elapsed < touchIntervalMs; elapsed += 100) {
      jest.advanceTimersByTime(100);
      world.settle();
      world.cache.find(world.token);
    }
    expect(openedAtOnce()).toBeUndefined();
    expect((await opened()).isLive).toBe(false);
    expect((await opened()).isLive).toBe(true);
  });

  test('does not become live by a reply that is older than a change reported meanwhile', async () => {
    await becomeLive();
    const late = world.read();
    await turns();
    world.execute();
    world.changeElsewhere();
    world.hearRedis();
    world.sendReport();
    world.receiveReport();
    world.receiveReply(0);
    await late;
    expect(openedAtOnce()).toBeUndefined();
  });

  test('does not become live by a reply to a call made before every copy became suspect', async () => {
    await becomeLive();
    const late = world.read();
    await turns();
    world.execute();
    world.loseRedis();
    world.changeElsewhere();
    world.sendReport();
    world.receiveReport();
    world.askRedis();
    world.hearRedis();
    jest.advanceTimersByTime(300);
    world.sendReport();
    world.receiveReport();
    world.receiveReply(0);
    await late;
    expect(openedAtOnce()).toBeUndefined();
  });

  test('stays live when a late reply of the same version is not', async () => {
    await becomeLive();
    const late = world.read();
    await turns();
    world.changeElsewhere();
    world.hearRedis();
    world.sendReport();
    world.receiveReport();
    world.execute();
    await expectLiveAfterLate(late);
  });

  test('stays live for as long as a later reply allows', async () => {
    await becomeLive();
    for (let elapsed = 0; elapsed < touchIntervalMs - 100; elapsed += 100) {
      jest.advanceTimersByTime(100);
      world.settle();
      world.cache.find(world.token);
    }
    const late = world.read();
    await turns();
    world.execute();
    jest.advanceTimersByTime(100);
    await expectLiveAfterLate(late);
  });

  test('stays live when a reply of an earlier epoch is late', async () => {
    await becomeLive();
    const late = world.read();
    await turns();
    world.execute();
    world.loseRedis();
    world.sendReport();
    world.receiveReport();
    world.askRedis();
    world.hearRedis();
    jest.advanceTimersByTime(300);
    world.sendReport();
    world.receiveReport();
    await expectLiveAfterLate(late);
  });

  test('that is read continuously becomes live again after a change', async () => {
    await becomeLive();
    const first = world.read();
    await turns();
    world.changeElsewhere();
    world.hearRedis();
    world.sendReport();
    world.receive();
    // Before the first is answered, the next is asked, and is answered first.
    const second = world.read();
    await turns();
    world.execute(1);
    world.execute(0);
    world.receive();
    await second;
    world.receive();
    await first;
    expect(shown(openedAtOnce()!.session!)).toEqual(shownState());
  });

  test('is not live when it was read on a stream that had not been asked to report', async () => {
    world.askRedis();
    world.hearRedis();
    world.isFull = true;
    const read = world.read();
    await turns();
    world.execute();
    world.receive();
    await read;
    world.changeElsewhere();
    world.hearRedis();
    world.isFull = false;
    jest.advanceTimersByTime(300);
    world.settle();
    expect(openedAtOnce()).toBeUndefined();
  });
});
