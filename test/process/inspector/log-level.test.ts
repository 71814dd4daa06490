import { expect, test } from '@jest/globals';
import { until } from '../../support/poll';
import { connectRaw } from '../../support/raw-grpc';
import { stackForEachTest } from '../../support/stack';
import { ask, askJson, form, inspected } from './fixture';

const stack = stackForEachTest();

const put = (level: string, time?: string) => ({
  method: 'PUT',
  ...form({ level, ...(time !== undefined && { for: time }) }),
});

test('PUT /log-level changes the level at once, is logged, and shows calls at debug', async () => {
  const sidecar = await stack.process({ settings: inspected });
  const client = stack.use(connectRaw(sidecar.address));
  const calls = () => sidecar.log().filter(({ msg }) => msg === 'call').length;
  await client.call('createSession', {});
  expect(await askJson(sidecar, '/log-level')).toEqual({ level: 'info', configured: 'info', until: null });

  const { status, body } = await ask(sidecar, '/log-level', put('debug'));
  expect(status).toBe(200);
  expect(JSON.parse(body)).toEqual({ level: 'debug', configured: 'info', until: null });
  expect(await sidecar.logged('log level changed')).toMatchObject({ level: 'info', from: 'info', to: 'debug' });
  expect(calls()).toBe(0);
  await client.call('createSession', {});
  await until('the line about the call', () => calls() === 1);

  await ask(sidecar, '/log-level', put('error'));
  await client.call('createSession', {});
  // Logged although lines at info are not, and the last line of that kind that is.
  await until('the line about the change', () => sidecar.log().some(({ to }) => to === 'error'));
  sidecar.child.kill('SIGTERM');
  await sidecar.exit;
  expect(sidecar.log().at(-1)).toMatchObject({ msg: 'log level changed', from: 'debug', to: 'error' });
  expect(calls()).toBe(1);
});

test('a level with a time goes back by itself, and a later change replaces the time', async () => {
  const sidecar = await stack.process({ settings: { ...inspected, LOG_LEVEL: 'debug' } });
  await ask(sidecar, '/log-level', put('info', '24h'));
  const state = await askJson<{ until: string }>(sidecar, '/log-level');
  expect(state).toMatchObject({ level: 'info', configured: 'debug' });
  expect(Date.parse(state.until)).toBeGreaterThan(Date.now() + 23 * 3_600_000);

  await ask(sidecar, '/log-level', put('error', '1s'));
  await until('the configured level', async () => (await askJson(sidecar, '/log-level'))['level'] === 'debug');
  expect(await askJson(sidecar, '/log-level')).toEqual({ level: 'debug', configured: 'debug', until: null });
  const changes = sidecar.log().filter(({ msg }) => msg === 'log level changed');
  expect(changes.map(({ from, to }) => [from, to])).toEqual([
    ['debug', 'info'],
    ['info', 'error'],
    ['error', 'debug'],
  ]);
});
