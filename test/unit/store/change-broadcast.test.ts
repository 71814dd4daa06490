import { expect, test } from '@jest/globals';
import { ChangeBroadcast } from '../../../server/src/store/change-broadcast';

test('every listener gets every change until it unsubscribes', () => {
  const broadcast = new ChangeBroadcast();
  const heard: string[] = [];
  const listener = (name: string) => ({
    onChanged: (handle: string, version: number | undefined) => heard.push(`${name}: ${handle} ${version}`),
    onAllChanged: () => heard.push(`${name}: all`),
  });
  expect(broadcast.isEmpty).toBe(true);
  const unsubscribe = broadcast.subscribe(listener('a'));
  broadcast.subscribe(listener('b'));
  broadcast.changed('h', 2);
  unsubscribe();
  broadcast.changed('h', undefined);
  broadcast.allChanged();
  expect(heard).toEqual(['a: h 2', 'b: h 2', 'b: h undefined', 'b: all']);
  expect(broadcast.isEmpty).toBe(false);
});
