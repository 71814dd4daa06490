import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { until } from '../support/poll';
import { connectHttp2, framed } from '../support/raw-http2';
import { connectRaw, encodeRequest } from '../support/raw-grpc';
import { metricOf } from '../support/ready-sidecar';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();
const cancel = 8;

test('replies to unary calls that were reset meanwhile are dropped', async () => {
  const redis = await stack.redis();
  const sidecar = await stack.process({ redis, settings: { REDIS_COMMAND_TIMEOUT: '1m', REDIS_MAX_SILENCE: '1m' } });
  const raw = stack.use(connectRaw(sidecar.address));
  const { token } = await raw.call('createSession', {});
  const connection = connectHttp2(sidecar.address);
  stack.defer(() => connection.destroy());
  const inFlight = () => metricOf(sidecar, 'session_sidecar_rpcs_in_flight');

  redis.freeze();
  const streams = Array.from({ length: 50 }, () => connection.begin('GetSession').stream);
  for (const stream of streams) stream.end(framed(encodeRequest('getSession', { token })));
  await until('the calls to be in flight', async () => (await inFlight()) === streams.length);
  for (const stream of streams) {
    stream.close(cancel);
    await once(stream, 'close');
  }
  await until('no call to be in flight', async () => (await inFlight()) === 0);
  redis.thaw();
  await expect(raw.call('getSession', { token })).resolves.toMatchObject({ session: { version: 1 } });
  expect(sidecar.child.exitCode).toBeNull();
});
