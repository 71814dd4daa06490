import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { only } from '../support/manifests';
import type { Manifest } from '../support/manifests';
import { until } from '../support/poll';
import { probe } from '../support/process';
import { report, secondsSince } from './figures';
import { patienceMs, sidecarStatus } from './kubectl';
import type { Namespace } from './kubectl';
import { deployShop, shopManifests, urlOf, web } from './shop';
import { ask, formsOf, isKnown, signIn } from './visitors';
import type { Reply } from './visitors';

let namespace: Namespace;
let url: string;

beforeAll(async () => {
  const begin = performance.now();
  namespace = await deployShop('pods');
  report('From `kubectl apply` of the shop to two ready pods', secondsSince(begin));
  url = await urlOf(namespace);
});

afterAll(() => namespace.remove());

const pods = () => namespace.readyPods(web, 2);
const startedAt = (status: Manifest['status']) => Date.parse(status.state.running.startedAt);

test('The sidecar starts before the app, and its startup probe has succeeded by then', async () => {
  for (const pod of await pods()) {
    const sidecar = sidecarStatus(pod);
    const [app] = pod['status'].containerStatuses;
    expect(sidecar).toMatchObject({ started: true, ready: true, restartCount: 0 });
    expect(startedAt(app)).toBeGreaterThanOrEqual(startedAt(sidecar));
    const { items } = JSON.parse(
      await namespace.kubectl(
        ...['get', 'events', '--output', 'json', '--field-selector', `involvedObject.name=${pod.metadata.name}`],
      ),
    );
    const order = items
      .filter(({ reason }: { reason: string }) => reason === 'Started')
      .map(({ involvedObject }: Manifest) => involvedObject.fieldPath);
    expect(order).toEqual(['spec.initContainers{session-sidecar}', 'spec.containers{web}']);
  }
});

test('The app reaches the sidecar by the socket that both share, and a visitor who has signed in is known in every pod', async () => {
  const ada = await signIn(url, 'Ada');
  expect(await isKnown(url, ada)).toBe(true);
  for (const pod of await pods()) {
    const [{ env }] = pod['spec'].containers;
    expect(env).toContainEqual({ name: 'SIDECAR_ADDRESS', value: 'unix:/run/session-sidecar/grpc.sock' });
    expect(await isKnown(`http://${pod['status'].podIP}:8080`, ada)).toBe(true);
    const metrics = (await probe(`http://${pod['status'].podIP}:9464/metrics`)).text;
    expect(metrics).toMatch(/^session_sidecar_rpcs_total\{/m);
  }
});

test('Probes are answered on the address of the pod, and gRPC is not', async () => {
  const [pod] = await pods();
  const { podIP } = pod!['status'];
  for (const path of ['livez', 'readyz']) expect((await probe(`http://${podIP}:9464/${path}`)).status).toBe(200);
  expect((await ask(`http://${podIP}:50051/`)).text).toMatch(/ECONNREFUSED/);
});

/** Pays every 250 ms, which takes 3 s each. `stop` resolves to the replies in the order of their arrival. */
async function startPaying(directUrl: string): Promise<{ stop(): Promise<readonly Reply[]> }> {
  const submit = await formsOf(directUrl, await signIn(directUrl, 'Ada'));
  const replies: Reply[] = [];
  const calls: Promise<unknown>[] = [];
  const timer = setInterval(() => calls.push(submit('/checkout').then((reply) => replies.push(reply))), 250);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(calls);
      return replies;
    },
  };
}

test('A deleted pod ends gracefully: requests in flight are answered, then the app ends, then the sidecar, both with exit code 0', async () => {
  const [pod] = await pods();
  const name = pod!.metadata.name;
  const paying = await startPaying(`http://${pod!['status'].podIP}:8080`);
  // Keeps its last status, which tells how its containers ended.
  const keep = (finalizers: readonly string[]) =>
    namespace.kubectl('patch', 'pod', name, '--type', 'merge', '--patch', JSON.stringify({ metadata: { finalizers } }));
  await keep(['session-sidecar/test']);
  const begin = performance.now();
  await namespace.kubectl('delete', 'pod', name, '--wait=false');
  const { app, sidecar } = await until(
    'the end of its containers',
    async () => {
      const now = await namespace.get('pod', name);
      const app = now['status'].containerStatuses[0].state.terminated;
      const sidecar = sidecarStatus(now).state.terminated;
      return app !== undefined && sidecar !== undefined && { app, sidecar };
    },
    patienceMs,
  );
  report('A deleted pod, until its containers have ended: 5 s of `preStop`, and requests of 3 s', secondsSince(begin));
  await keep([]);
  expect([app.exitCode, sidecar.exitCode]).toEqual([0, 0]);
  expect(Date.parse(sidecar.finishedAt)).toBeGreaterThanOrEqual(Date.parse(app.finishedAt));
  const replies = await paying.stop();
  const firstRefused = replies.findIndex(({ status }) => status === 0);
  const inFlight = replies.slice(firstRefused).filter(({ status }) => status !== 0);
  expect(inFlight.length).toBeGreaterThan(0);
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([0, 303]));
});

test('With wrong settings the app does not start, and the status of the pod says why', async () => {
  const manifests = shopManifests();
  only(manifests, 'ConfigMap', 'session-sidecar')['data'].SESSION_SIDECAR_IDLE_TIMEOUT = 'banana';
  await namespace.apply(manifests);
  await namespace.kubectl('rollout', 'restart', 'deployment/web');
  const message = await until(
    'the reason',
    async () => {
      const all = await namespace.list('pods', web);
      return all.map((pod) => sidecarStatus(pod)?.lastState?.terminated?.message as string | undefined).find(Boolean);
    },
    patienceMs,
  );
  expect(message).toMatch(/SESSION_SIDECAR_IDLE_TIMEOUT.*banana/);
  // The old pods serve on.
  expect((await ask(`${url}/`)).status).toBe(200);
});
