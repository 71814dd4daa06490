import { context, createTraceState, propagation, trace } from '@opentelemetry/api';
import type { SpanContext } from '@opentelemetry/api';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { startCall } from '../../../../client/src/transport/call-options';

beforeEach(() => {
  jest.spyOn(performance, 'now').mockReturnValue(1000);
});

afterEach(() => {
  jest.restoreAllMocks();
});

describe('startCall()', () => {
  test('takes the deadline from the call, else from the client', () => {
    expect(startCall(undefined, 3000).deadline).toBe(4000);
    expect(startCall({ timeoutMs: 50 }, 3000).deadline).toBe(1050);
  });

  test.each([0, -1, NaN, Infinity, 2 ** 31, '50'])('rejects the timeout %p', (timeoutMs) => {
    expect(() => startCall({ timeoutMs: timeoutMs as number }, 3000)).toThrow(RangeError);
  });

  test('sends metadata with names in lower case', () => {
    expect(startCall({ metadata: { 'X-Request-Id': '7' } }, 3000).metadata).toEqual({ 'x-request-id': '7' });
  });

  test('sends no metadata without OpenTelemetry', () => {
    expect(startCall(undefined, 3000).metadata).toBeUndefined();
  });
});

describe('with an active trace context', () => {
  const active = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
  const inContext = (metadata?: Record<string, string>, span: SpanContext = active) =>
    context.with(trace.setSpanContext(context.active(), span), () => startCall({ metadata }, 3000).metadata);

  beforeEach(() => {
    new NodeTracerProvider().register();
  });

  afterEach(() => {
    for (const api of [context, propagation, trace]) api.disable();
  });

  test('startCall() sends it beside other metadata', () => {
    const traceparent = `00-${active.traceId}-${active.spanId}-01`;
    expect(inContext()).toEqual({ traceparent });
    expect(inContext({ 'x-request-id': '7' })).toEqual({ traceparent, 'x-request-id': '7' });
  });

  test('startCall() sends the traceparent of the call instead, without the active tracestate', () => {
    const tracestate = createTraceState('vendor=1');
    expect(inContext({}, { ...active, traceState: tracestate })).toHaveProperty('tracestate', 'vendor=1');
    expect(inContext({ traceparent: '00-1' }, { ...active, traceState: tracestate })).toEqual({ traceparent: '00-1' });
  });
});
