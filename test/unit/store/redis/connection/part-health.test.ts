import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { PartHealth } from '../../../../../server/src/store/redis/connection/part-health';

beforeEach(() => {
  jest.useFakeTimers({ now: 1000 });
});

afterEach(() => {
  jest.useRealTimers();
});

test('a server is not ready until it has answered', () => {
  expect(new PartHealth('redis')).toMatchObject({ name: 'redis', ready: false, reason: 'connecting', since: 1000 });
});

test('only a change between ready and not ready is reported and dated; the reason is always the latest', () => {
  const changes: boolean[] = [];
  const health = new PartHealth('redis', (ready) => changes.push(ready));
  jest.setSystemTime(2000);
  health.down('no answer');
  expect(health).toMatchObject({ reason: 'no answer', since: 1000 });
  health.up();
  expect(health).toMatchObject({ ready: true, reason: undefined, since: 2000 });
  jest.setSystemTime(3000);
  health.up();
  health.down('LOADING');
  health.down('READONLY');
  expect(health).toMatchObject({ ready: false, reason: 'READONLY', since: 3000 });
  expect(changes).toEqual([true, false]);
});
