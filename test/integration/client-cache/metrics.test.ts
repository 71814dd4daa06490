import { metrics } from '@opentelemetry/api';
import { AggregationTemporality, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { cachingClients, newSession, untilLive } from './fixture';

const { startSidecar, connect } = cachingClients();

/** Collects when it is asked to. By delta, only what was observed since is reported. */
class Reader extends MetricReader {
  constructor() {
    super({ aggregationTemporalitySelector: () => AggregationTemporality.DELTA });
  }

  protected override onForceFlush = () => Promise.resolve();
  protected override onShutdown = () => Promise.resolve();
}

/** What was collected, by the name of the instrument and, of sessions that were opened, the result. */
async function collect(reader: Reader): Promise<Record<string, number>> {
  const { resourceMetrics } = await reader.collect();
  const points = resourceMetrics.scopeMetrics
    .filter(({ scope }) => scope.name === '@session-sidecar/client')
    .flatMap((scope) => scope.metrics)
    .flatMap(({ descriptor, dataPoints }) => dataPoints.map((point) => ({ ...point, name: descriptor.name })));
  return Object.fromEntries(
    points.map(({ name, attributes, value }) => [
      [name.replace('session_sidecar.client.cache.', ''), attributes['result']].filter(Boolean).join(' '),
      value as number,
    ]),
  );
}

describe('the cache of a client, in an application with a meter provider', () => {
  let reader: Reader;
  let provider: MeterProvider;

  beforeEach(() => {
    reader = new Reader();
    provider = new MeterProvider({ readers: [reader] });
    metrics.setGlobalMeterProvider(provider);
  });

  afterEach(async () => {
    metrics.disable();
    await provider.shutdown();
  });

  test('reports what `cacheStats` counts', async () => {
    const client = connect(await startSidecar());
    const token = await newSession(client);
    await untilLive(client, token);
    await client.open(token);
    const { live, validated, missed, reported, sessions, bytes } = client.cacheStats!;
    expect(live).toBeGreaterThan(1);
    expect(bytes).toBeGreaterThan(0);
    expect(await collect(reader)).toEqual({
      'opened live': live,
      'opened validated': validated,
      'opened missed': missed,
      reported,
      sessions,
      size: bytes,
    });
  });

  test('is kept apart from that of another client of the same sidecar, and from those that were closed', async () => {
    const sidecar = await startSidecar();
    const clients = [connect(sidecar), connect(sidecar)];
    const pointsOf = async (name: string) => {
      const { resourceMetrics } = await reader.collect();
      const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
      return all.find(({ descriptor }) => descriptor.name === `session_sidecar.client.cache.${name}`)?.dataPoints ?? [];
    };
    await untilLive(clients[0]!, await newSession(clients[0]!));
    const points = await pointsOf('sessions');
    expect(points.map(({ value }) => value)).toEqual([1, 0]);
    expect(points.map(({ attributes }) => attributes['server.address'])).toEqual([sidecar.address, sidecar.address]);
    for (const client of clients) client.close();
    expect(await pointsOf('sessions')).toEqual([]);
  });

  test('holds no session data in attributes', async () => {
    const client = connect(await startSidecar());
    const token = await newSession(client);
    await untilLive(client, token);
    const { resourceMetrics } = await reader.collect();
    const text = JSON.stringify(resourceMetrics.scopeMetrics);
    expect(text).toContain('session_sidecar.client.cache.opened');
    expect(text).not.toContain(token.slice(0, 21));
  });
});

test('without a meter provider, nothing observes the cache', async () => {
  const client = connect(await startSidecar());
  await untilLive(client, await newSession(client));
  const reader = new Reader();
  const provider = new MeterProvider({ readers: [reader] });
  metrics.setGlobalMeterProvider(provider);
  expect(await collect(reader)).toEqual({});
  metrics.disable();
  await provider.shutdown();
});
