import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import { RedisChangeFeed } from '../../../../../server/src/store/redis/change-feed/redis-change-feed';

/** A connection that answers at once. */
class Connection extends EventEmitter {
  status = 'ready';
  readonly sent: string[] = [];

  client(...args: unknown[]): Promise<unknown> {
    this.sent.push(args.join(' '));
    return Promise.resolve(args[0] === 'ID' ? 7 : 'OK');
  }

  info = () => Promise.resolve('run_id:abc');
  ping = () => Promise.resolve('PONG');
  subscribe = () => Promise.resolve(1);
  connect = () => Promise.resolve();
  disconnect = jest.fn();

  lose(): void {
    this.status = 'reconnecting';
    this.emit('close');
  }

  reconnect(): void {
    this.status = 'ready';
    this.emit('ready');
  }
}

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
let data: Connection;
let subscriber: Connection;
let feed: RedisChangeFeed;
let heard: string[];
let unsubscribe: () => void;

beforeEach(async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  [data, subscriber] = [new Connection(), new Connection()];
  heard = [];
  feed = new RedisChangeFeed({
    data: data as unknown as Redis,
    subscriber: subscriber as unknown as Redis,
    keyPrefix: 'session:',
    observer: { setChangeFeedReady: (ready) => heard.push(ready ? 'ready' : 'not ready') },
    onTrouble: () => undefined,
  });
  unsubscribe = feed.subscribe({
    onChanged: (handle, version) => heard.push(`${handle} ${version ?? 'unknown'}`),
    onAllChanged: () => heard.push('all'),
  });
  await turns();
});

afterEach(() => {
  feed.close();
  jest.useRealTimers();
});

test('what was read before the first confirmation is suspect', () => {
  expect(heard).toEqual(['all', 'ready']);
  expect(feed.confirmedAgeMs).toBe(0);
});

test('reports what Redis and the sidecar itself change', () => {
  heard = [];
  subscriber.emit('messageBuffer', Buffer.from('channel'), [Buffer.from('session:a')]);
  feed.changed('b', 3);
  subscriber.emit('messageBuffer', Buffer.from('channel'), null);
  expect(heard).toEqual(['a unknown', 'b 3', 'all']);
});

test.each(['data', 'subscriber'] as const)('everything is suspect at once when the %s connection is lost', (which) => {
  heard = [];
  ({ data, subscriber })[which].lose();
  expect(heard).toEqual(['all', 'not ready']);
  expect(feed.confirmedAgeMs).toBeUndefined();
});

test('and so is what was read until Redis tracks again', async () => {
  data.lose();
  subscriber.lose();
  heard = [];
  subscriber.reconnect();
  data.reconnect();
  await turns();
  expect(heard).toEqual(['all', 'ready']);
});

test('Redis stops to track a while after the last listener has gone', () => {
  unsubscribe();
  expect(feed.isTracking).toBe(true);
  jest.advanceTimersByTime(60_000);
  expect([feed.isTracking, data.sent.at(-1)]).toEqual([false, 'TRACKING OFF']);
  expect(subscriber.disconnect).toHaveBeenCalled();
});

test('a listener that comes soon after the last one finds Redis tracking', () => {
  unsubscribe();
  jest.advanceTimersByTime(1000);
  feed.subscribe({ onChanged: () => undefined, onAllChanged: () => undefined });
  jest.advanceTimersByTime(60_000);
  expect(feed.isTracking).toBe(true);
  expect(data.sent).not.toContain('TRACKING OFF');
});
