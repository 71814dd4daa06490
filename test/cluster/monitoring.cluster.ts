import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { render } from '../support/manifests';
import type { Manifest } from '../support/manifests';
import { until } from '../support/poll';
import { probe } from '../support/process';
import { stackForAllTests } from '../support/stack';
import { run } from '../support/tools';
import { createNamespace, defineMonitoring, patienceMs } from './kubectl';
import type { Namespace } from './kubectl';
import { runProgram } from './programs';
import { deployShop, urlOf, web } from './shop';
import { signIn } from './visitors';

const stack = stackForAllTests();
const api = 'https://10.203.0.1:6443';
const prometheusUrl = 'http://127.0.0.1:19090';

let shop: Namespace;
let monitoring: Namespace;

beforeAll(async () => {
  await defineMonitoring();
  shop = await deployShop('monitored');
  monitoring = await createNamespace('monitoring');
  const objects = render('sentinel').filter(({ kind }) => kind === 'PodMonitor' || kind === 'PrometheusRule');
  await shop.apply(objects);
  const all = { podMonitorSelector: {}, podMonitorNamespaceSelector: {}, ruleSelector: {}, ruleNamespaceSelector: {} };
  // It writes for the Prometheus of this machine, which is older than its default.
  const [version] = /\d+\.\d+\.\d+/.exec(run('prometheus', ['--version'])!)!;
  await monitoring.apply([
    {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'Prometheus',
      metadata: { name: 'all' },
      spec: { ...all, replicas: 0, version: `v${version}` },
    },
  ]);
  const pki = (name: string) => join(process.env['KUBECONFIG']!, '..', 'pki', name);
  runProgram('prometheus-operator', [
    ...[
      '--apiserver',
      api,
      '--ca-file',
      pki('ca.crt'),
      '--cert-file',
      pki('admin.crt'),
      '--key-file',
      pki('admin.key'),
    ],
    ...['--web.listen-address', '127.0.0.1:18080'],
  ]);
});

afterAll(() => Promise.all([shop.remove(), monitoring.remove()]));

test('The Prometheus operator makes a configuration of PodMonitor and PrometheusRule, with which Prometheus scrapes every sidecar and evaluates the rules', async () => {
  const directory = stack.directory();
  const config = await until('the configuration', () => fromOperator().catch(() => undefined), patienceMs);
  writeFileSync(join(directory, 'rules.yaml'), config.rules);
  writeFileSync(join(directory, 'prometheus.yaml'), await onTheNode(config.prometheus, directory));
  runProgram('prometheus', [
    ...['--config.file', join(directory, 'prometheus.yaml'), '--storage.tsdb.path', join(directory, 'data')],
    ...['--web.listen-address', '127.0.0.1:19090'],
  ]);
  await signIn(await urlOf(shop), 'Ada');
  const pods = await shop.readyPods(web, 2);
  const up = await until(
    'both sidecars to be scraped',
    async () => {
      const found = await query('up{container="session-sidecar"}');
      return found.length === 2 && found.every(({ value }) => value[1] === '1') && found;
    },
    patienceMs,
  );
  const labels = pods.map(({ metadata }) => ({ namespace: shop.name, job: 'web', pod: metadata.name }));
  expect(up.map(({ metric }) => metric)).toEqual(
    expect.arrayContaining(labels.map((one) => expect.objectContaining(one))),
  );
  const { text: body } = await probe(`${prometheusUrl}/api/v1/rules`);
  const groups = JSON.parse(body).data.groups as { name: string; rules: { health: string; state?: string }[] }[];
  expect(groups.map(({ name }) => name)).toEqual(['session-sidecar.alerts', 'session-sidecar.recording']);
});

/** What the operator has generated. @throws Error if it has not, yet */
async function fromOperator(): Promise<{ readonly prometheus: string; readonly rules: string }> {
  const secret = await monitoring.get('secret', 'prometheus-all');
  const prometheus = gunzipSync(Buffer.from(secret['data']['prometheus.yaml.gz'], 'base64')).toString();
  const { data } = await monitoring.get('configmap', 'prometheus-all-rulefiles-0');
  const [rules] = Object.values(data as Record<string, string>);
  if (!prometheus.includes(`podMonitor/${shop.name}/session-sidecar`) || rules === undefined)
    throw new Error('not yet');
  return { prometheus, rules };
}

/**
 * The configuration for a Prometheus beside the node, which is of Debian and cannot ask the API for pods: with the targets that it would
 * have found.
 */
async function onTheNode(config: string, directory: string): Promise<string> {
  // In a pod, a program beside Prometheus replaces this.
  const parsed = parse(config.replaceAll('$(SHARD)', '0')) as {
    scrape_configs: { kubernetes_sd_configs?: object; static_configs?: object }[];
  };
  const pods = await shop.list('pods');
  const jobs = parsed.scrape_configs.map(({ kubernetes_sd_configs: _found, ...job }) => ({
    ...job,
    static_configs: pods.flatMap(targetsOf),
  }));
  return JSON.stringify({ ...parsed, rule_files: [join(directory, 'rules.yaml')], scrape_configs: jobs });
}

/** A target for each port of a pod, labelled as Prometheus does for pods. */
function targetsOf({ metadata, spec, status }: Manifest): readonly object[] {
  const { namespace, labels = {} } = metadata as { namespace?: string; labels?: Readonly<Record<string, string>> };
  const names = Object.entries(labels).map(([name, value]) => [name.replaceAll(/[^a-zA-Z0-9_]/g, '_'), value] as const);
  const ofPod = {
    namespace,
    pod_name: metadata.name,
    pod_phase: status.phase,
    ...Object.fromEntries(
      names.flatMap(([name, value]) => [
        [`pod_label_${name}`, value],
        [`pod_labelpresent_${name}`, 'true'],
      ]),
    ),
  };
  const containers: readonly Manifest['spec'][] = [...(spec.initContainers ?? []), ...spec.containers];
  return containers.flatMap(({ name, ports = [] }) =>
    ports.map((port: { name: string; containerPort: number }) => ({
      targets: [`${status.podIP}:${port.containerPort}`],
      labels: prefixed({ ...ofPod, pod_container_name: name, pod_container_port_name: port.name }),
    })),
  );
}

const prefixed = (labels: object) =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [`__meta_kubernetes_${name}`, value]));

async function query(expression: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> {
  const url = `${prometheusUrl}/api/v1/query?query=${encodeURIComponent(expression)}`;
  const body = await probe(url).then(
    (reply) => reply.text,
    () => '{"data":{"result":[]}}',
  );
  return JSON.parse(body).data.result;
}
