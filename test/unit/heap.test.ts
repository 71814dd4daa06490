import v8 from 'node:v8';
import vm from 'node:vm';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { tuneHeap } from '../../server/src/heap';

const gc = jest.fn<(options?: unknown) => undefined>();
let setFlags: jest.Spied<typeof v8.setFlagsFromString>;
let utilization: number;
let heapUsed: number;

beforeEach(() => {
  jest.useFakeTimers();
  [utilization, heapUsed] = [0, 18e6];
  setFlags = jest.spyOn(v8, 'setFlagsFromString').mockImplementation(() => undefined);
  jest.spyOn(vm, 'runInNewContext').mockImplementation((code) => (code === 'gc' ? gc : undefined));
  jest.spyOn(performance, 'eventLoopUtilization').mockImplementation(() => ({ idle: 0, active: 0, utilization }));
  jest
    .spyOn(process, 'memoryUsage')
    .mockImplementation(() => ({ ...{ rss: 0, heapTotal: 0, external: 0, arrayBuffers: 0 }, heapUsed }));
  gc.mockClear();
  tuneHeap();
});

afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

test('how much the heap may grow between full collections', () => {
  expect(setFlags).toHaveBeenCalledWith('--heap-growing-percent=200');
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
