import { beforeAll, expect, test } from '@jest/globals';
import { until } from '../support/poll';
import { metricsOf } from '../support/process';
import type { ServingProcess } from '../support/process';
import { connectRaw, failureOf, mutation } from '../support/raw-grpc';
import type { RawClient } from '../support/raw-grpc';
import { stackForAllTests } from '../support/stack';

const stack = stackForAllTests();

let sidecar: ServingProcess;
let client: RawClient;
let token: string;

beforeAll(async () => {
  sidecar = await stack.process();
  client = stack.use(connectRaw(sidecar.address));
  ({ token } = await client.call('createSession', { mutations: [mutation.set('a', '1')] }));
});

const replacedTokensUsed = async () => (await metricsOf(sidecar)).value('session_sidecar_replaced_tokens_used_total');

test('leases are counted as they are acquired, refused, released and lost', async () => {
  const leases = async () => {
    const metrics = await metricsOf(sidecar);
    const valueOf = (result: string) => metrics.value('session_sidecar_leases_total', { result });
    return ['acquired', 'held', 'released', 'lost'].map(valueOf);
  };
  expect(await leases()).toEqual([0, 0, 0, 0]);
  const lease = { token, duration: { seconds: 60, nanos: 0 } };
  const { fence } = await client.call('acquireLease', { ...lease, holder: 'one' });
  expect(await leases()).toEqual([1, 0, 0, 0]);
  await failureOf(client.call('acquireLease', { ...lease, holder: 'two' }));
  expect(await leases()).toEqual([1, 1, 0, 0]);
  for (let times = 0; times < 2; times += 1) await client.call('releaseLease', { token, fence });
  expect(await leases()).toEqual([1, 1, 1, 0]);
  await failureOf(client.call('updateSession', { token, fence }));
  expect(await leases()).toEqual([1, 1, 1, 1]);
});

test('each use of a replaced token after its grace is counted, and one a minute is logged', async () => {
  expect(await replacedTokensUsed()).toBe(0);
  await client.call('regenerateSession', { token, grace: { seconds: 0, nanos: 1_000_000 } });
  const use = () => client.call('updateSession', { token, mutations: [mutation.set('a', '2')] });
  await until('the grace to be over', async () => (await use().catch(() => undefined)) === undefined);
  const counted = await replacedTokensUsed();
  expect(counted).toBe(1);
  for (let times = 0; times < 2; times += 1) await failureOf(use());
  expect(await replacedTokensUsed()).toBe(3);
  const isLogged = (line: string) => line.includes('a replaced token was used after its grace');
  const lines = sidecar.output().stdout.split('\n').filter(isLogged);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('"handle":"');
  expect(lines[0]).not.toContain(token);
});
