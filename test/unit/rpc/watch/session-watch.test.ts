import { beforeEach, describe, expect, test } from '@jest/globals';
import { groupLeaseMs } from '../../../../server/src/session/events/event-log';
import { SessionWatch } from '../../../../server/src/rpc/watch/session-watch';
import type { WatchRequest, WatchUpdate } from '../../../../server/src/rpc/watch/session-watch';
import { MemoryEventLog } from '../../../../server/src/store/memory/memory-event-log';
import { ManualClock } from '../../../support/clock';

const retentionMs = 60_000;
const stop = new AbortController();
let clock: ManualClock;
let log: MemoryEventLog;
let watch: SessionWatch;
let recorded: string[];
let isRecording: boolean;

beforeEach(() => {
  clock = new ManualClock();
  recorded = [];
  isRecording = false;
  log = new MemoryEventLog({
    retentionMs,
    now: clock.now,
    observer: {
      eventRecorded: ({ handle }) => recorded.push(handle),
      setRecording: (now) => {
        isRecording = now;
      },
    },
  });
  watch = new SessionWatch(log);
});

function record(handle: string, subject?: string): void {
  clock.advance(1);
  log.record({ type: 'created', reason: 'call', handle, subject, version: 1 });
}

/** A watcher that has begun, and its first update. */
async function start(request: WatchRequest = {}) {
  const updates = watch.watch(request, stop.signal);
  const first = (await updates.next()).value as WatchUpdate;
  const next = async (): Promise<WatchUpdate> => (await updates.next()).value as WatchUpdate;
  return { first, next, end: () => updates.return() };
}

const reasonOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: unknown) => (error as { reason?: unknown }).reason ?? error,
  );

describe('recording', () => {
  test('begins with the first watcher and ends when there was none for the retention', async () => {
    record('before');
    expect([recorded, isRecording]).toEqual([[], false]);
    const watcher = await start();
    record('one');
    await watcher.end();
    clock.advance(retentionMs - 10);
    record('two');
    expect([recorded, isRecording]).toEqual([['one', 'two'], true]);
    clock.advance(20);
    record('three');
    expect([recorded, isRecording]).toEqual([['one', 'two'], false]);
  });
});

describe('a cursor', () => {
  test('is accepted within the retention, and rejected after it', async () => {
    const { first, end } = await start();
    record('one');
    clock.advance(retentionMs - 1000);
    const again = await start({ after: first.cursor });
    expect((await again.next()).event?.handle).toBe('one');
    clock.advance(1001);
    expect(await reasonOf(start({ after: first.cursor }))).toBe('CURSOR_EXPIRED');
    await Promise.all([end(), again.end()]);
  });

  test('of a quiet time is as new as the last look at the log', async () => {
    const { end } = await start();
    const begin = await log.end();
    clock.advance(retentionMs / 2);
    const { position } = await log.read(begin, 10);
    clock.advance(retentionMs / 2 + 1000);
    await expect(log.check(begin)).rejects.toMatchObject({ reason: 'CURSOR_EXPIRED' });
    await expect(log.check(position)).resolves.toBeUndefined();
    await end();
  });

  test('is rejected when nothing was recorded for a while', async () => {
    const { first, end } = await start();
    await end();
    clock.advance(retentionMs + 1);
    expect(await reasonOf(start({ after: first.cursor }))).toBe('CURSOR_EXPIRED');
  });
});

describe('a group', () => {
  test('that was away for too long is told so once', async () => {
    const keeper = await start();
    const { end } = await start({ group: 'g' });
    record('missed');
    await end();
    clock.advance(retentionMs + 1);
    expect(await reasonOf(start({ group: 'g' }).then(({ next }) => next()))).toBe('CURSOR_EXPIRED');
    const again = await start({ group: 'g' });
    record('one');
    expect((await again.next()).event?.handle).toBe('one');
    await Promise.all([keeper.end(), again.end()]);
  });

  test('ignores an acknowledgement that is older than what it has acknowledged', async () => {
    const { first, next, end } = await start({ group: 'g' });
    record('one');
    record('two');
    await next();
    const { cursor } = await next();
    await watch.acknowledge('g', cursor);
    await watch.acknowledge('g', first.cursor);
    await end();
    record('three');
    const again = await start({ group: 'g' });
    expect((await again.next()).event?.handle).toBe('three');
    await again.end();
  });

  test('gets again what was sent and not acknowledged, once the active watcher is gone', async () => {
    const active = await start({ group: 'g' });
    record('one');
    expect((await active.next()).event?.handle).toBe('one');
    // It has neither left nor does it renew its lease.
    clock.advance(groupLeaseMs);
    const other = await start({ group: 'g' });
    expect((await other.next()).event?.handle).toBe('one');
    await Promise.all([active.end(), other.end()]);
  });
});

test('acknowledging for an invalid group, or with an invalid cursor, is refused', async () => {
  expect(await reasonOf(watch.acknowledge('', 'x'))).toBe('INVALID_ARGUMENT');
});
