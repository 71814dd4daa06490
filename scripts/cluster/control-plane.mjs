import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeAddress } from './isolation.mjs';
import { startProgram, until } from './processes.mjs';

const port = 6443;
const serviceNetwork = '10.205.0.0/24';
const serviceOfTheApi = '10.205.0.1';

/** Starts etcd, the API server, the controllers and the scheduler. Returns the path of a kubeconfig with all rights. */
export async function startControlPlane({ directory, logs }) {
  const pki = makeCertificates(join(directory, 'pki'));
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, JSON.stringify(kubeconfigFor(pki('ca.crt'))));
  const start = (name, ...args) => startProgram(name, args, { log: join(logs, `${name}.log`) });
  const [client, peer] = ['http://127.0.0.1:2379', 'http://127.0.0.1:2380'];
  start(
    'etcd',
    ...['--data-dir', join(directory, 'etcd'), '--unsafe-no-fsync'],
    ...['--listen-client-urls', client, '--advertise-client-urls', client, '--listen-peer-urls', peer],
  );
  start(
    'kube-apiserver',
    ...['--etcd-servers', client, '--bind-address', nodeAddress, '--advertise-address', nodeAddress],
    ...['--secure-port', String(port), '--tls-cert-file', pki('api.crt'), '--tls-private-key-file', pki('api.key')],
    ...['--client-ca-file', pki('ca.crt'), '--token-auth-file', pki('tokens.csv'), '--authorization-mode', 'Node,RBAC'],
    ...['--service-account-issuer', 'https://kubernetes.default.svc', '--service-account-key-file', pki('sa.pub')],
    ...['--service-account-signing-key-file', pki('sa.key'), '--service-cluster-ip-range', serviceNetwork],
    ...['--kubelet-preferred-address-types', 'InternalIP'],
    // For metrics-server, which serves a part of the API.
    ...['--proxy-client-cert-file', pki('api.crt'), '--proxy-client-key-file', pki('api.key')],
    ...['--requestheader-client-ca-file', pki('ca.crt'), '--requestheader-allowed-names', ''],
    ...['--requestheader-username-headers', 'X-Remote-User', '--requestheader-group-headers', 'X-Remote-Group'],
    ...['--requestheader-extra-headers-prefix', 'X-Remote-Extra-'],
  );
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  const isReady = () => spawnSync('kubectl', ['get', '--raw', '/readyz'], { env, stdio: 'ignore' }).status === 0;
  await until('the API server', isReady, 180_000);
  const common = [
    ...['--kubeconfig', kubeconfig, '--authentication-kubeconfig', kubeconfig],
    ...['--authorization-kubeconfig', kubeconfig, '--bind-address', '127.0.0.1', '--leader-elect=false'],
  ];
  start(
    'kube-controller-manager',
    ...[...common, '--root-ca-file', pki('ca.crt'), '--service-account-private-key-file', pki('sa.key')],
    ...['--horizontal-pod-autoscaler-sync-period', '5s'],
  );
  start('kube-scheduler', ...common);
  return kubeconfig;
}

function kubeconfigFor(ca) {
  const server = `https://${nodeAddress}:${port}`;
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': ca } }],
    users: [{ name: 'test', user: { token: 'test' } }],
  };
}

/** Certificates and keys for a day. Returns a function from a name to a path. */
function makeCertificates(directory) {
  mkdirSync(directory);
  const file = (name) => join(directory, name);
  const openssl = (...args) => execFileSync('openssl', args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
  const newKey = ['-newkey', 'rsa:2048', '-nodes'];
  openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=test', '-days', '1');
  const names = [`IP:${nodeAddress}`, `IP:${serviceOfTheApi}`, 'DNS:kubernetes.default.svc'];
  writeFileSync(file('api.extensions'), `subjectAltName=${names.join(',')}\n`);
  openssl('req', ...newKey, '-keyout', 'api.key', '-out', 'api.csr', '-subj', '/CN=kube-apiserver');
  const signedBy = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1'];
  openssl('x509', '-req', '-in', 'api.csr', ...signedBy, '-out', 'api.crt', '-extfile', 'api.extensions');
  // For the Prometheus operator, which takes no token.
  openssl('req', ...newKey, '-keyout', 'admin.key', '-out', 'admin.csr', '-subj', '/O=system:masters/CN=admin');
  openssl('x509', '-req', '-in', 'admin.csr', ...signedBy, '-out', 'admin.crt');
  openssl('genrsa', '-out', 'sa.key', '2048');
  openssl('rsa', '-in', 'sa.key', '-pubout', '-out', 'sa.pub');
  writeFileSync(file('tokens.csv'), 'test,admin,admin,system:masters\n');
  return file;
}
