import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Manifest } from '../support/manifests';
import { until } from '../support/poll';
import { report } from './figures';
import { kubectl, patienceMs } from './kubectl';
import type { Namespace } from './kubectl';
import { runProgram } from './programs';
import { deployShop, urlOf, web } from './shop';
import { isKnown, signIn, startLoad } from './visitors';

const ratePerSecond = 100;

let namespace: Namespace;

beforeAll(async () => {
  namespace = await deployShop('scaling');
});

afterAll(() => namespace.remove());

/** Asks for what `kubectl drain` asks for. */
const evict = (pod: Manifest) => {
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod.metadata.name } };
  const path = `/api/v1/namespaces/${namespace.name}/pods/${pod.metadata.name}/eviction`;
  return kubectl(['create', '--raw', path, '--filename', '-'], JSON.stringify(eviction));
};

test('The disruption budget lets one pod be evicted at a time', async () => {
  const [first, second] = await namespace.readyPods(web, 2);
  const budget = await until(
    'the budget',
    async () => {
      const now = await namespace.get('poddisruptionbudget', 'web');
      return now['status'].disruptionsAllowed === 1 && now;
    },
    patienceMs,
  );
  expect(budget['status']).toMatchObject({ currentHealthy: 2, expectedPods: 2, desiredHealthy: 1 });
  await evict(first!);
  await expect(evict(second!)).rejects.toThrow(/violate the pod's disruption budget/);
  await namespace.readyPods(web, 2);
});

test('A drain needs --delete-emptydir-data, because of the volume with the socket', async () => {
  const drain = ['drain', 'node', '--dry-run=server', '--pod-selector', web];
  await expect(kubectl(drain)).rejects.toThrow(/--delete-emptydir-data to override/);
  expect(await kubectl([...drain, '--delete-emptydir-data'])).toContain('evicting pod scaling/web-');
  await kubectl(['uncordon', 'node']);
});

test('The autoscaler adds pods when the container of the app is busy, and sessions are known in them', async () => {
  await startMetricsServer();
  const url = await urlOf(namespace);
  const ada = await signIn(url, 'Ada');
  // A busy machine may not give a pod 70 % of the CPU that it asks for.
  const path = '/spec/metrics/0/containerResource/target/averageUtilization';
  const patch = JSON.stringify([{ op: 'replace', path, value: 10 }]);
  await namespace.kubectl('patch', 'horizontalpodautoscaler', 'web', '--type', 'json', '--patch', patch);
  const load = await startLoad(url, ratePerSecond);
  const scaled = await until(
    'more pods',
    async () => {
      const now = await namespace.get('horizontalpodautoscaler', 'web');
      return now['status'].desiredReplicas > 2 && now;
    },
    patienceMs,
  );
  await load.stop();
  const [{ containerResource }] = scaled['status'].currentMetrics;
  expect(containerResource).toMatchObject({ container: 'web', name: 'cpu' });
  const { averageUtilization } = containerResource.current;
  expect(averageUtilization).toBeGreaterThan(10);
  report(
    `The autoscaler with a target of 10 %, at ${ratePerSecond} requests per second`,
    `${averageUtilization} % of the requested CPU, from 2 to ${scaled['status'].desiredReplicas} pods`,
  );
  const pods = await until(
    'a third pod',
    async () => {
      const all = await namespace.list('pods', web);
      const serving = all.filter(({ status }) => status.containerStatuses?.[0].ready);
      return serving.length > 2 && serving;
    },
    patienceMs,
  );
  for (const pod of pods) expect(await isKnown(`http://${pod['status'].podIP}:8080`, ada)).toBe(true);
});

/** A process of the node, which the API server finds by an EndpointSlice. */
async function startMetricsServer(): Promise<void> {
  const kubeconfig = process.env['KUBECONFIG']!;
  const address = '10.203.0.1';
  const port = 4443;
  const name = 'metrics-server';
  const service = { name, namespace: 'kube-system' };
  await kubectl(
    ['apply', '--filename', '-'],
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        { apiVersion: 'v1', kind: 'Service', metadata: service, spec: { ports: [{ port: 443, targetPort: port }] } },
        {
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata: { ...service, labels: { 'kubernetes.io/service-name': name } },
          addressType: 'IPv4',
          endpoints: [{ addresses: [address], conditions: { ready: true } }],
          ports: [{ name: '', port, protocol: 'TCP' }],
        },
        {
          apiVersion: 'apiregistration.k8s.io/v1',
          kind: 'APIService',
          metadata: { name: 'v1beta1.metrics.k8s.io' },
          spec: {
            ...{ group: 'metrics.k8s.io', version: 'v1beta1', groupPriorityMinimum: 100, versionPriority: 100 },
            ...{ insecureSkipTLSVerify: true, service },
          },
        },
      ],
    }),
  );
  runProgram('metrics-server', [
    ...['--kubeconfig', kubeconfig, '--authentication-kubeconfig', kubeconfig],
    ...['--authorization-kubeconfig', kubeconfig, '--bind-address', address, '--secure-port', String(port)],
    ...['--cert-dir', join(kubeconfig, '..', 'metrics-server'), '--kubelet-insecure-tls'],
    ...[
      '--kubelet-preferred-address-types',
      'InternalIP',
      '--metric-resolution',
      '10s',
      '--kubelet-request-timeout',
      '5s',
    ],
  ]);
  await until(
    'the metrics of pods',
    async () => kubectl(['get', '--raw', '/apis/metrics.k8s.io/v1beta1/pods']).then(Boolean, () => false),
    patienceMs,
  );
}
