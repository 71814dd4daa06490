import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { watchFiles } from '../../../server/src/config/file-watch';
import type { Contents } from '../../../server/src/config/file-watch';

const intervalMs = 1_000;

let files: Map<string, string>;
let changes: { readonly changed: readonly string[]; readonly contents: Readonly<Record<string, string>> }[];
let stop: () => void;

beforeEach(() => {
  jest.useFakeTimers();
  files = new Map([
    ['/cert', 'cert 1'],
    ['/key', 'key 1'],
  ]);
  changes = [];
  stop = watchFiles({
    paths: ['/cert', '/key'],
    initial: new Map([...files].map(([path, text]) => [path, Buffer.from(text)])),
    read: (path) => {
      const text = files.get(path);
      return text === undefined
        ? Promise.reject(Object.assign(new Error('gone'), { code: 'ENOENT' }))
        : Promise.resolve(Buffer.from(text));
    },
    intervalMs,
    onChange: (changed, contents) => changes.push({ changed, contents: textsOf(contents) }),
  });
});

afterEach(() => {
  stop();
  jest.useRealTimers();
});

function textsOf(contents: Contents): Record<string, string> {
  return Object.fromEntries(
    [...contents].map(([path, content]) => [path, content instanceof Error ? content.message : content.toString()]),
  );
}

const readings = (count: number) => jest.advanceTimersByTimeAsync(count * intervalMs);

describe('files that are watched', () => {
  test('that stay as they are change nothing', async () => {
    await readings(10);
    expect(changes).toEqual([]);
  });

  test('are reported once two readings agree, with the contents of all', async () => {
    files.set('/key', 'key 2');
    await readings(1);
    expect(changes).toEqual([]);
    await readings(1);
    expect(changes).toEqual([{ changed: ['/key'], contents: { '/cert': 'cert 1', '/key': 'key 2' } }]);
    await readings(10);
    expect(changes).toHaveLength(1);
  });

  test('that belong together are reported together, though they are written one after the other', async () => {
    files.set('/cert', 'cert 2');
    await readings(1);
    files.set('/key', 'key 2');
    await readings(1);
    expect(changes).toEqual([]);
    await readings(1);
    expect(changes).toEqual([{ changed: ['/cert', '/key'], contents: { '/cert': 'cert 2', '/key': 'key 2' } }]);
  });

  test('that are still being written are not reported', async () => {
    for (const text of ['k', 'ke', 'key', 'key 2']) {
      files.set('/key', text);
      await readings(1);
    }
    expect(changes).toEqual([]);
    await readings(1);
    expect(changes.map(({ contents }) => contents['/key'])).toEqual(['key 2']);
  });

  test('that are gone for a moment are not reported, and those that stay away are, as an error', async () => {
    files.delete('/key');
    await readings(1);
    files.set('/key', 'key 1');
    await readings(10);
    expect(changes).toEqual([]);
    files.delete('/key');
    await readings(2);
    expect(changes).toEqual([{ changed: ['/key'], contents: { '/cert': 'cert 1', '/key': 'gone' } }]);
    files.set('/key', 'key 1');
    await readings(2);
    expect(changes.at(-1)?.contents['/key']).toBe('key 1');
  });

  test('that were changed between their first reading and the watch are reported', async () => {
    stop();
    files.set('/cert', 'cert 2');
    const reported: (readonly string[])[] = [];
    stop = watchFiles({
      paths: ['/cert'],
      initial: new Map([['/cert', Buffer.from('cert 1')]]),
      read: (path) => Promise.resolve(Buffer.from(files.get(path) ?? '')),
      intervalMs,
      onChange: (changed) => reported.push(changed),
    });
    await readings(2);
    expect(reported).toEqual([['/cert']]);
  });

  test('are not read any more after the watch has ended', async () => {
    stop();
    files.set('/cert', 'cert 2');
    await readings(10);
    expect(changes).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
