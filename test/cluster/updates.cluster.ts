import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { until } from '../support/poll';
import { report, secondsSince } from './figures';
import { patienceMs } from './kubectl';
import type { Namespace } from './kubectl';
import { deployShop, urlOf, web } from './shop';
import { isKnown, signIn, startLoad } from './visitors';

const ratePerSecond = 50;

let namespace: Namespace;
let url: string;

beforeAll(async () => {
  namespace = await deployShop('updates');
  url = await urlOf(namespace);
});

afterAll(() => namespace.remove());

test('Rolling updates under load fail no request, and visitors stay signed in', async () => {
  const ada = await signIn(url, 'Ada');
  const load = await startLoad(url, ratePerSecond);
  const begin = performance.now();
  for (let update = 0; update < 2; update++) {
    await namespace.kubectl('rollout', 'restart', 'deployment/web');
    await namespace.rollout('deployment/web');
  }
  // The last of the old pods serves while it is leaving.
  const pods = () => namespace.kubectl('get', 'pods', '--selector', web, '--output', 'name');
  await until('the end of the old pods', async () => (await pods()).trim().split('\n').length === 2, patienceMs);
  const took = secondsSince(begin);
  const { sent, failures } = await load.stop();
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  report(`Two rolling updates at ${ratePerSecond} requests per second`, `${failed} of ${sent} failed, in ${took}`);
  expect(failures).toEqual({});
  expect(await isKnown(url, ada)).toBe(true);
});
