import { describe, expect, test } from '@jest/globals';
import { until } from '../support/poll';
import { metricsOf } from '../support/process';
import { connectRaw, encodeRequest, failureOf, mutation } from '../support/raw-grpc';
import { connectHttp2, framed } from '../support/raw-http2';
import { callOf, connectBare, openPipeline } from '../support/raw-pipeline';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

/** Longer than the pause that a sidecar passes over, and than a pipeline needs to send a frame. */
const patienceMs = 300;

async function stoppedSidecar() {
  const sidecar = await stack.process({ settings: { GRPC_ADDRESS: '127.0.0.1:0' } });
  const raw = stack.use(connectRaw(sidecar.address));
  const client = stack.use(connectBare(sidecar.address, { own: true }));
  const pipeline = openPipeline(client);
  const http2 = connectHttp2(sidecar.address);
  stack.defer(
    () => pipeline.cancel(),
    () => http2.destroy(),
  );
  const { token } = await raw.call('createSession', {});
  await pipeline.opened;
  sidecar.child.kill('SIGSTOP');
  return {
    ...{ raw, pipeline, http2, token },
    set: (value: string) => ({ token, mutations: [mutation.set('role', JSON.stringify(value))] }),
    /** What is in the session afterwards, and how many calls were refused because they came too long ago. */
    async goOn() {
      sidecar.child.kill('SIGCONT');
      await raw.call('getSession', { token });
      const { value } = await metricsOf(sidecar);
      return value('session_sidecar_refusals_total', { limit: 'paused' });
    },
    async role() {
      const { session } = await raw.call('getSession', { token });
      return session!.data.get('role')?.toString();
    },
  };
}

async function passed(milliseconds: number): Promise<void> {
  const end = performance.now() + milliseconds;
  await until('the callers to give up', () => performance.now() > end);
}

describe('a sidecar that stood still', () => {
  test('does not make the changes of callers that gave up meanwhile: unary', async () => {
    const { http2, set, goOn, role } = await stoppedSidecar();
    const call = http2.begin('UpdateSession', { 'grpc-timeout': `${patienceMs}m` });
    call.stream.end(framed(encodeRequest('updateSession', set('admin'))));
    await passed(patienceMs);
    expect(await goOn()).toBe(1);
    expect(await call.failure).toEqual({ status: 'UNAVAILABLE', reason: 'OVERLOADED' });
    expect(await role()).toBeUndefined();
  });

  test('does not make the changes of callers that gave up meanwhile: pipeline', async () => {
    const { pipeline, set, goOn, role } = await stoppedSidecar();
    pipeline.send({ calls: [callOf(1, 'updateSession', set('admin'), patienceMs)] });
    await until('the frame to leave', () => pipeline.accepted === 1);
    await passed(patienceMs);
    expect(await goOn()).toBe(1);
    expect(await failureOf(pipeline.reply(1))).toMatchObject({ status: 'UNAVAILABLE', reason: 'OVERLOADED' });
    expect(await role()).toBeUndefined();
  });

  test('serves those that still wait', async () => {
    const { pipeline, http2, set, goOn, role } = await stoppedSidecar();
    const call = http2.begin('UpdateSession', { 'grpc-timeout': '1M' });
    call.stream.end(framed(encodeRequest('updateSession', set('editor'))));
    pipeline.send({ calls: [callOf(1, 'updateSession', set('editor'), 60_000)] });
    await passed(patienceMs);
    expect(await goOn()).toBe(0);
    await pipeline.reply(1);
    expect(await call.headers).not.toHaveProperty('grpc-status');
    expect(await role()).toBe('"editor"');
  });
});
