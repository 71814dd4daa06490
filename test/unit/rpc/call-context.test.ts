import { expect, jest, test } from '@jest/globals';
import { CallContext } from '../../../server/src/rpc/call-context';

test('a cancelled call notifies its dispatcher, then every listener of its signal, once', () => {
  const call = new CallContext(Infinity, new Map());
  const heard: string[] = [];
  call.signal.addEventListener('abort', () => heard.push('signal'));
  call.onCancelled(() => heard.push('dispatcher'));
  call.cancel();
  call.cancel();
  expect(heard).toEqual(['dispatcher', 'signal']);
});

test('the signal of a call that was cancelled before is aborted', () => {
  const call = new CallContext(Infinity, new Map());
  call.cancel();
  expect(call.signal.aborted).toBe(true);
});

test('what is derived from a call is cancelled separately, and has the same deadlines', () => {
  const call = new CallContext(1000, new Map(), 10);
  const derived = call.derive();
  call.cancel();
  expect(derived).toMatchObject({ cancelled: false, deadline: 1000, changeDeadline: 990 });
});

test('a cancellation is due to the deadline from 2 ms before it, because the timer of grpc-js may fire early', () => {
  const call = new CallContext(1000, new Map());
  const now = jest.spyOn(performance, 'now');
  const at = [997.9, 998, 1000].map((time) => {
    now.mockReturnValue(time);
    return [call.isCancelledByDeadline, call.deadlineExceeded];
  });
  now.mockRestore();
  expect(at).toEqual([
    [false, false],
    [true, false],
    [true, true],
  ]);
});
