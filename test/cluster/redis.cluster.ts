import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { only, render } from '../support/manifests';
import type { Manifest } from '../support/manifests';
import { until } from '../support/poll';
import { createNamespace, defineMonitoring, patienceMs, restrictedNamespace } from './kubectl';
import type { Namespace } from './kubectl';
import { startRedisCluster, startRedisSentinel } from './redis-servers';
import { shopManifests, urlOf, web } from './shop';
import { isKnown, signIn } from './visitors';

/** Where the overlays look for it. */
let redis: Namespace;
const used: Namespace[] = [];

beforeAll(async () => {
  await defineMonitoring();
  redis = await createNamespace('redis');
});

afterAll(() => Promise.all([redis, ...used].map((namespace) => namespace.remove())));

const shopContainer = () => only(shopManifests(), 'Deployment', 'web')['spec'].template.spec.containers[0];

/** An overlay with the shop as its app. */
async function deploy(overlay: string): Promise<Namespace> {
  const namespace = await restrictedNamespace(overlay);
  used.push(namespace);
  const manifests = structuredClone(render(overlay)) as Manifest[];
  only(manifests, 'Deployment', 'web')['spec'].template.spec.containers = [shopContainer()];
  await namespace.apply(manifests);
  await namespace.rollout('deployment/web');
  return namespace;
}

/** Signs in, and is known in both pods. */
async function signInEverywhere(namespace: Namespace): Promise<void> {
  const ada = await signIn(await urlOf(namespace), 'Ada');
  const pods = await namespace.readyPods(web, 2);
  for (const { status } of pods) expect(await isKnown(`http://${status.podIP}:8080`, ada)).toBe(true);
}

test('The overlay cluster keeps sessions in a Redis Cluster, with the user that the documentation lists', async () => {
  await startRedisCluster(redis);
  await signInEverywhere(await deploy('cluster'));
});

test('The overlay sentinel follows a failover to the promoted master, and sessions stay', async () => {
  const sentinel = await startRedisSentinel(redis, shopContainer().image);
  const namespace = await deploy('sentinel');
  await signInEverywhere(namespace);
  const url = await urlOf(namespace);
  const ada = await signIn(url, 'Ada');
  const masterAddress = () => sentinel('get-master-addr-by-name', 'mymaster');
  const before = await masterAddress();
  const replicas = async () =>
    (await sentinel('replicas', 'mymaster')).match(/^master-link-status\nok$/gm)?.length === 2;
  await until('both replicas', replicas, patienceMs);
  await sentinel('failover', 'mymaster');
  await until('another master', async () => (await masterAddress()) !== before, patienceMs);
  await until('the session', () => isKnown(url, ada), patienceMs);
  await signInEverywhere(namespace);
});
