import { secrets } from '../support/manifests';
import { blocksOf } from '../docs/storage-page';
import { command } from './kubectl';
import type { Namespace } from './kubectl';

/** In overlays/dev, and here made of this machine's redis-server. */
const image = 'redis:7.2-alpine';
const port = 6379;
const sentinelPort = 26379;

/** The user of docs/reference/storage.md, with the password of the overlays. */
function userArguments(...more: readonly string[]): readonly string[] {
  const [, rules = ''] = /^ACL SETUSER sidecar reset (.*)$/m.exec(blocksOf('text').join('\n')) ?? [];
  const withPassword = rules
    .split(' ')
    .map((rule) => (rule.startsWith('>') ? `>${secrets['.redis-password']!.trim()}` : rule));
  return ['--user', 'sidecar', ...withPassword, ...more];
}

/** Pods with the names that the overlays have. Each knows its own address as POD_IP. */
async function startServers(
  namespace: Namespace,
  service: string,
  names: readonly string[],
  podSpec: (name: string) => object,
) {
  const metadata = (name: string) => ({ name, labels: { app: service } });
  await namespace.apply([
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(service),
      spec: { clusterIP: 'None', publishNotReadyAddresses: true, selector: { app: service }, ports: [{ port }] },
    },
    ...names.map((name) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: metadata(name),
      spec: {
        ...{ hostname: name, subdomain: service, automountServiceAccountToken: false },
        ...{ terminationGracePeriodSeconds: 1, volumes: [{ name: 'data', emptyDir: {} }] },
        ...podSpec(name),
      },
    })),
  ]);
  return namespace.readyPods(`app=${service}`, names.length);
}

const container = (name: string, args: readonly string[]) => ({
  name,
  image,
  args,
  env: [{ name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
  volumeMounts: [{ name: 'data', mountPath: '/data' }],
});

const inMemory = ['--save', '', '--appendonly', 'no', '--dir', '/data'];

/** The Cluster of overlays/cluster: three masters. */
export async function startRedisCluster(namespace: Namespace): Promise<void> {
  const names = [0, 1, 2].map((n) => `redis-cluster-${n}`);
  const pods = await startServers(namespace, 'redis-cluster', names, () => ({
    containers: [
      container('redis', [
        ...[...inMemory, '--cluster-enabled', 'yes', '--cluster-announce-ip', '$(POD_IP)'],
        ...userArguments('+cluster|slots', '+cluster|info'),
      ]),
    ],
  }));
  const nodes = pods.map(({ status }) => `${status.podIP}:${port}`);
  await command('redis-cli', ['--cluster', 'create', ...nodes, '--cluster-yes']);
}

/** The master, the two replicas and the three Sentinels of overlays/sentinel. Returns how to ask a Sentinel. */
export async function startRedisSentinel(
  namespace: Namespace,
  imageWithNode: string,
): Promise<(...args: readonly string[]) => Promise<string>> {
  const [first, ...others] = [0, 1, 2].map((n) => `redis-node-${n}`);
  const master = `${first}.redis-headless.${namespace.name}.svc.cluster.local`;
  const settings = [
    'sentinel resolve-hostnames yes',
    `sentinel monitor mymaster ${master} ${port} 2`,
    'sentinel down-after-milliseconds mymaster 5000',
    'sentinel failover-timeout mymaster 20000',
  ];
  // Sentinel writes to its configuration.
  const write = `require('fs').writeFileSync('/data/sentinel.conf', ${JSON.stringify(settings.join('\n'))})`;
  const volumeMounts = [{ name: 'data', mountPath: '/data' }];
  const podSpec = (name: string) => ({
    initContainers: [
      {
        ...{ name: 'settings', image: imageWithNode, volumeMounts, securityContext: { runAsUser: 0 } },
        command: ['/nodejs/bin/node', '-e', write],
      },
    ],
    containers: [
      container('redis', [
        ...inMemory,
        ...userArguments(),
        ...(name === first ? [] : ['--replicaof', master, String(port)]),
      ]),
      {
        ...container('sentinel', ['/data/sentinel.conf', '--sentinel', '--port', String(sentinelPort)]),
        command: ['/usr/bin/redis-server'],
      },
    ],
  });
  await startServers(namespace, 'redis-headless', [first!], podSpec);
  const pods = await startServers(namespace, 'redis-headless', [first!, ...others], podSpec);
  const { podIP } = pods[0]!['status'];
  return (...args) => command('redis-cli', ['-h', podIP, '-p', String(sentinelPort), 'sentinel', ...args]);
}
