import { context, propagation, trace } from '@opentelemetry/api';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SessionClient } from '@session-sidecar/client';
import type { CallOptions } from '@session-sidecar/client';
import { sessionWith } from '../support/fake-sidecar';
import { stackForEachTest } from '../support/stack';

type Sent = Readonly<Record<string, string>>;

const stack = stackForEachTest();

/** Calls a sidecar, and gives the metadata that arrives there with each call. */
const transports: Readonly<Record<'unary' | 'pipeline', (options?: CallOptions) => Promise<readonly Sent[]>>> = {
  async unary(options) {
    const arrived: Sent[] = [];
    const note = (call: { metadata: { getMap(): unknown } }) => arrived.push(call.metadata.getMap() as Sent);
    const sidecar = await stack.fakeSidecar({
      getSession: (call) => {
        note(call);
        return { session: sessionWith({ a: '1' }) };
      },
      updateSession: (call) => {
        note(call);
        return { version: 2, expires: undefined, results: [{ applied: true, messages: [] }] };
      },
    });
    stack.defer(() => sidecar.close());
    await readAndWrite(sidecar.address, 'unary', options);
    return arrived;
  },
  async pipeline(options) {
    const sidecar = await stack.fakePipeline();
    await readAndWrite(sidecar.address, 'pipeline', options);
    return sidecar.streams.flatMap(({ calls }) => calls.map(({ metadata }) => Object.fromEntries(metadata)));
  },
};

async function readAndWrite(address: string, transport: 'unary' | 'pipeline', options?: CallOptions): Promise<void> {
  const client = stack.use(new SessionClient({ address, transport, timeoutMs: 20_000 }));
  const session = await client.open('token', options);
  session.set('a', 2);
  await session.save(options);
}

const ofTrace = (sent: readonly Sent[]) => sent.map(({ traceparent, tracestate }) => ({ traceparent, tracestate }));

describe.each(Object.entries(transports))('by %s, a client', (_, call) => {
  test('sends nothing where the application has not set OpenTelemetry up', async () => {
    const nothing = { traceparent: undefined, tracestate: undefined };
    expect(ofTrace(await call())).toEqual([nothing, nothing]);
  });

  describe('in an application that has', () => {
    let provider: NodeTracerProvider;

    beforeEach(() => {
      provider = new NodeTracerProvider();
      provider.register();
    });

    afterEach(async () => {
      await provider.shutdown();
      trace.disable();
      context.disable();
      propagation.disable();
    });

    test('sends the active trace context with every call by default', async () => {
      const span = provider.getTracer('test').startSpan('GET /cart');
      const { traceId, spanId } = span.spanContext();
      const sent = await context.with(trace.setSpan(context.active(), span), () => call());
      const traceparent = `00-${traceId}-${spanId}-01`;
      expect(ofTrace(sent)).toEqual([
        { traceparent, tracestate: undefined },
        { traceparent, tracestate: undefined },
      ]);
    });

    test('sends what a call is given instead, however it is spelled, and nothing of another trace beside it', async () => {
      const parent = propagation.extract(context.active(), {
        traceparent: '00-11111111111111111111111111111111-2222222222222222-01',
        tracestate: 'vendor=1',
      });
      const traceparent = '00-33333333333333333333333333333333-4444444444444444-01';
      const sent = await context.with(parent, () => call({ metadata: { Traceparent: traceparent } }));
      expect(ofTrace(sent)).toEqual([
        { traceparent, tracestate: undefined },
        { traceparent, tracestate: undefined },
      ]);
    });

    test('sends the active trace context beside other metadata', async () => {
      const span = provider.getTracer('test').startSpan('GET /cart');
      const active = trace.setSpan(context.active(), span);
      const [sent] = await context.with(active, () => call({ metadata: { 'x-request': '7' } }));
      expect(sent).toMatchObject({
        'x-request': '7',
        traceparent: expect.stringContaining(span.spanContext().traceId),
      });
    });
  });
});
