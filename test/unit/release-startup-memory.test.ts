import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { releaseStartupMemory } from '../../server/src/release-startup-memory';

const gc = jest.fn<(options?: unknown) => undefined>();
let utilization: number;
let heapUsed: number;

beforeEach(() => {
  jest.useFakeTimers();
  [utilization, heapUsed] = [0, 18e6];
  jest.spyOn(performance, 'eventLoopUtilization').mockImplementation(() => ({ idle: 0, active: 0, utilization }));
  jest
    .spyOn(process, 'memoryUsage')
    .mockImplementation(() => ({ ...{ rss: 0, heapTotal: 0, external: 0, arrayBuffers: 0 }, heapUsed }));
  globalThis.gc = gc as unknown as NodeJS.GCFunction;
  gc.mockClear();
  releaseStartupMemory();
});

afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
  globalThis.gc = undefined;
});

test('one collection, which returns memory, in the first idle second', () => {
  utilization = 0.5;
  jest.advanceTimersByTime(5000);
  expect(gc).not.toHaveBeenCalled();
  utilization = 0.01;
  jest.advanceTimersByTime(5000);
  expect(gc.mock.calls).toEqual([[{ type: 'major', execution: 'sync', flavor: 'last-resort' }]]);
});

test('none once the heap holds more than starting took', () => {
  heapUsed = 100e6;
  jest.advanceTimersByTime(1000);
  heapUsed = 18e6;
  jest.advanceTimersByTime(5000);
  expect(gc).not.toHaveBeenCalled();
});
