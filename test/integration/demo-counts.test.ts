import { describe, expect, test } from '@jest/globals';
import type { SessionData } from '@session-sidecar/client/express';
import { createDemo } from '../../examples/demo/src/app';
import { createMeter } from '../../examples/demo/src/meter';
import { createCommandCounter } from '../../examples/demo/src/redis-commands';
import { connect } from '../support/client';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

test('the demo counts the commands of sessions, and neither heartbeats nor its own', async () => {
  const redis = await stack.redis();
  const counter = stack.use(await createCommandCounter(redis.url));
  await redis.admin.set('session:a"b\\', 'a line\nbreak');
  await redis.admin.eval("return redis.call('TIME')", 0);
  await redis.admin.eval("redis.call('TIME') return redis.call('GET', KEYS[1])", 1, 'session:a"b\\');
  await redis.admin.ping();
  const expected = { sent: { set: 1, eval: 1 }, inScripts: { time: 1, get: 1 } };
  expect(await counter.count()).toEqual(expected);
  expect(await counter.count()).toEqual(expected);
});

test('the demo ends one count before it starts the next', async () => {
  let inFlight = 0;
  let most = 0;
  const url = await stack.serve((req, res) => {
    if (req.url === '/turn') return res.end();
    most = Math.max(most, ++inFlight);
    // Long enough for another request to arrive.
    void fetch(`${url}/turn`).then(() => {
      inFlight -= 1;
      res.end();
    });
  });
  const meter = stack.use(await createMeter({ metricsUrl: `${url}/metrics`, redisUrl: undefined }));
  const stop = await meter.start();
  await Promise.all([stop(), meter.start()]);
  expect(most).toBe(1);
});

describe('the demo without a Redis', () => {
  async function serveDemo() {
    const sidecar = await stack.sidecar();
    const meter = await createMeter({ metricsUrl: `${sidecar.httpUrl}/metrics`, redisUrl: undefined });
    const client = stack.use(connect<SessionData>(sidecar));
    return { sidecar, url: await stack.serve(createDemo({ client, meter, pay: () => Promise.resolve() })) };
  }

  test('says where sessions are', async () => {
    const { url } = await serveDemo();
    const page = await (await fetch(`${url}/teas/oolong`)).text();
    expect(page).toContain('<b>1</b> CreateSession');
    expect(page).toContain('sessions are in the sidecar’s memory');
  });

  test('shows its front page while the sidecar is down, and says what it did not count', async () => {
    const { sidecar, url } = await serveDemo();
    await sidecar.close();
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('not counted');
  });
});
