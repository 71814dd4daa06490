import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Manifest } from '../support/manifests';
import { until } from '../support/poll';
import { report, secondsSince } from './figures';
import { isReady, patienceMs, sidecarStatus } from './kubectl';
import type { Namespace } from './kubectl';
import { sidecarProcess } from './processes';
import { deployShop, urlOf, web } from './shop';
import { ask, isKnown, signIn, startLoad, visit } from './visitors';

const ratePerSecond = 50;

let namespace: Namespace;
let url: string;

beforeAll(async () => {
  namespace = await deployShop('failures');
  url = await urlOf(namespace);
});

afterAll(() => namespace.remove());

const pods = () => namespace.readyPods(web, 2);
const restartsOf = (pod: Manifest): number => sidecarStatus(pod).restartCount;

/** Waits until the sidecar of a pod has been restarted and is ready, and returns the pod. */
const restarted = (pod: Manifest) =>
  until(
    `a restart of the sidecar of ${pod.metadata.name}`,
    async () => {
      const now = await namespace.get('pod', pod.metadata.name);
      return restartsOf(now) > restartsOf(pod) && isReady(now) && now;
    },
    patienceMs,
  );

test('A sidecar that is killed is restarted beside the running app, and no visitor is signed out', async () => {
  const ada = await signIn(url, 'Ada');
  const load = await startLoad(url, ratePerSecond);
  const [pod] = await pods();
  const begin = performance.now();
  process.kill(sidecarProcess(pod!), 'SIGKILL');
  const after = await restarted(pod!);
  report('A sidecar killed by SIGKILL, until its pod is ready again', secondsSince(begin));
  const { sent, failures } = await load.stop();
  report(`Requests while it was away, at ${ratePerSecond} per second`, `${count(failures)} of ${sent} failed`);
  // Calls wait for the restart, for as long as their deadline allows; what comes too late is the app's own error page.
  for (const failure of Object.keys(failures)) expect(failure).toMatch(/^503 .*Something went wrong/);
  expect(sidecarStatus(after).lastState.terminated.exitCode).toBe(137);
  // The app itself was not touched.
  expect(after['status'].containerStatuses[0].restartCount).toBe(0);
  expect(await isKnown(url, ada)).toBe(true);
});

test('A sidecar that hangs fails its liveness probe and is replaced', async () => {
  const ada = await signIn(url, 'Ada');
  const [, pod] = await pods();
  const begin = performance.now();
  process.kill(sidecarProcess(pod!), 'SIGSTOP');
  const after = await restarted(pod!);
  report('A sidecar that hangs (SIGSTOP), until its replacement is ready', secondsSince(begin));
  expect(sidecarStatus(after).lastState.terminated.exitCode).toBe(137);
  const events = await namespace.kubectl('get', 'events', '--output', 'jsonpath={.items[*].message}');
  expect(events).toContain('Liveness probe failed');
  expect(await isKnown(url, ada)).toBe(true);
});

test('Without Redis, pods are not ready and are not restarted, and the app serves what needs no session', async () => {
  const ada = await signIn(url, 'Ada');
  const before = await pods();
  await namespace.kubectl('scale', 'deployment/session-redis', '--replicas', '0');
  const begin = performance.now();
  const notReady = async () => (await namespace.list('pods', web)).every((pod) => !isReady(pod));
  await until('the pods not to be ready', notReady, patienceMs);
  report('Redis away, until no pod is ready', secondsSince(begin));
  // No Service leads to them now.
  for (const pod of before) {
    const direct = `http://${pod['status'].podIP}:8080`;
    expect((await ask(`${direct}/`)).status).toBe(200);
    const degraded = await visit(direct, ada);
    expect(degraded.status).toBe(503);
    expect(degraded.text).toContain('Something went wrong. Please try again later.');
    expect(degraded.text).not.toMatch(/at .*\.js:|grpc\.sock/);
  }
  await namespace.kubectl('scale', 'deployment/session-redis', '--replicas', '1');
  const again = performance.now();
  await namespace.rollout('deployment/session-redis');
  const after = await pods();
  report('Redis back, from its first start to ready pods', secondsSince(again));
  expect(after.map(({ metadata }) => metadata.name).sort()).toEqual(before.map(({ metadata }) => metadata.name).sort());
  expect(after.map(restartsOf)).toEqual(after.map((pod) => restartsOf(before.find(isSame(pod))!)));
  // This Redis keeps nothing, so visitors sign in again.
  const grace = await signIn(url, 'Grace');
  expect(await isKnown(url, grace)).toBe(true);
});

const count = (failures: Readonly<Record<string, number>>) => Object.values(failures).reduce((sum, n) => sum + n, 0);
const isSame = (pod: Manifest) => (other: Manifest) => other.metadata.name === pod.metadata.name;
