import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { shareBuilds } from '../../../server/src/http/shared-build';

const pauseMs = 20;

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

/** Builds that end when the test says so. */
function controlled() {
  const builds: { finish: (value: string) => Promise<void>; fail: (error: Error) => Promise<void> }[] = [];
  const build = () =>
    new Promise<string>((resolve, reject) => {
      const after = async () => {
        await jest.advanceTimersByTimeAsync(0);
      };
      builds.push({
        finish: (value) => (resolve(value), after()),
        fail: (error) => (reject(error), after()),
      });
    });
  return { builds, ask: shareBuilds(build, pauseMs) };
}

test('a caller gets a build at once when none runs', async () => {
  const { builds, ask } = controlled();
  const page = ask();
  expect(builds).toHaveLength(1);
  await builds[0]?.finish('1');
  expect(await page).toBe('1');
});

test('callers that come while one runs share the next, so that what they get is not older than their request', async () => {
  const { builds, ask } = controlled();
  const first = ask();
  const later = [ask(), ask(), ask()];
  expect(builds).toHaveLength(1);
  await builds[0]?.finish('1');
  later.push(ask());
  expect(builds).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(pauseMs - 1);
  expect(builds).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(1);
  expect(builds).toHaveLength(2);
  await builds[1]?.finish('2');
  expect(await first).toBe('1');
  expect(await Promise.all(later)).toEqual(['2', '2', '2', '2']);
});

test('a build begins at once again when the last one was a while ago', async () => {
  const { builds, ask } = controlled();
  const first = ask();
  await builds[0]?.finish('1');
  await first;
  await jest.advanceTimersByTimeAsync(pauseMs);
  void ask();
  expect(builds).toHaveLength(2);
});

test('a build that fails, fails those who share it and no others', async () => {
  const { builds, ask } = controlled();
  const first = ask().catch((error: unknown) => error);
  const next = ask();
  await builds[0]?.fail(new Error('broken'));
  expect(await first).toEqual(new Error('broken'));
  await jest.advanceTimersByTimeAsync(pauseMs);
  await builds[1]?.finish('2');
  expect(await next).toBe('2');
});
