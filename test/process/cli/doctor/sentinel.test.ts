import { describe, expect, test } from '@jest/globals';
import { signingKey } from '../../../support/process';
import { freeAddress } from '../../../support/free-port';
import { stackForEachTest } from '../../../support/stack';
import { run } from '../fixture';
import { examine, patience, soundRedis } from './examine';

const stack = stackForEachTest();

async function startSentinels(count: number) {
  const master = await stack.redis({ args: soundRedis });
  await stack.replica(master);
  const sentinels = await Promise.all(Array.from({ length: count }, () => stack.sentinel(master)));
  return { master, nodes: sentinels.map(({ port }) => `127.0.0.1:${port}`) };
}

describe('Sentinels', () => {
  test('that agree, on a sound master', async () => {
    const { master, nodes } = await startSentinels(1);
    const { exit, of } = examine({ REDIS_SENTINELS: nodes.join(',') });
    expect(exit).toBe('ok');
    expect(of('Sentinels').found).toBe(`1 of them name 127.0.0.1:${master.port} as the master mymaster`);
    expect(of('number of Sentinels')).toMatchObject({ status: 'warning', found: '1 monitors the master' });
    expect(of('role')).toMatchObject({ status: 'ok' });
    expect(of('client tracking')).toMatchObject({ status: 'ok' });
  });

  test('one of which is not there', async () => {
    const { nodes } = await startSentinels(1);
    const gone = await freeAddress();
    const { exit, of } = examine({ REDIS_SENTINELS: [gone, ...nodes].join(',') });
    expect(exit).toBe('ok');
    expect(of('Sentinel', gone)).toMatchObject({ status: 'warning', found: 'ECONNREFUSED' });
  });

  test('that do not know the master, or are not there', async () => {
    const { nodes } = await startSentinels(1);
    const common = { SIGNING_KEYS: signingKey, ...patience };
    const wrong = { ...common, REDIS_SENTINELS: nodes.join(','), REDIS_SENTINEL_MASTER: 'other' };
    expect(run(['doctor'], { settings: wrong })).toMatchObject({
      exit: 'unavailable',
      stderr: expect.stringContaining('The Sentinels do not know a master of that name.'),
    });
    const gone = { ...common, REDIS_SENTINELS: await freeAddress() };
    expect(run(['doctor'], { settings: gone })).toMatchObject({
      exit: 'unavailable',
      stderr: expect.stringContaining('No Sentinel can be reached.'),
    });
  });
});
