import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeAddress } from './isolation.mjs';
import { startProgram, until } from './processes.mjs';

const podNetwork = '10.204.0.0/24';

/** Starts the container runtime with images, the kubelet, kube-proxy and DNS. Resolves when the node is ready. */
export async function startNode({ directory, logs, kubeconfig, cgroup, archives }) {
  const start = (name, ...args) => startProgram(name, args, { log: join(logs, `${name}.log`) });
  const write = (name, content) => {
    const path = join(directory, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
  const socket = join(directory, 'containerd.sock');
  mkdirSync(join(directory, 'cni'));
  write('cni/pods.conflist', podNetworking(directory));
  start('containerd', '--config', write('containerd.toml', containerd(directory, socket)));
  const ctr = ['--address', socket, '--namespace', 'k8s.io'];
  await until('containerd', () => spawnSync('ctr', [...ctr, 'version'], { stdio: 'ignore' }).status === 0);
  for (const archive of archives) execFileSync('ctr', [...ctr, 'images', 'import', archive], { stdio: 'pipe' });
  const paths = { directory, socket, cgroup, resolvConf: write('resolv.conf', 'nameserver 127.0.0.1\n') };
  start(
    'kubelet',
    ...['--config', write('kubelet.json', kubelet(paths)), '--kubeconfig', kubeconfig],
    ...['--root-dir', join(directory, 'kubelet'), '--cert-dir', join(directory, 'kubelet-pki')],
    ...['--hostname-override', 'node', '--node-ip', nodeAddress],
  );
  start('kube-proxy', '--config', write('kube-proxy.json', kubeProxy(kubeconfig)));
  start('coredns', '-conf', write('Corefile', corefile(kubeconfig)));
  await until('the node', () => isReady(kubeconfig));
}

function isReady(kubeconfig) {
  const condition = '{.status.conditions[?(@.type=="Ready")].status}';
  const args = ['--kubeconfig', kubeconfig, 'get', 'node', 'node', '--output', `jsonpath=${condition}`];
  return spawnSync('kubectl', args, { encoding: 'utf8' }).stdout === 'True';
}

function podNetworking(directory) {
  const addresses = {
    type: 'host-local',
    dataDir: join(directory, 'addresses'),
    ranges: [[{ subnet: podNetwork }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  const bridge = { type: 'bridge', bridge: 'cni0', isGateway: true, hairpinMode: true, ipam: addresses };
  return { cniVersion: '1.0.0', name: 'pods', plugins: [bridge] };
}

function containerd(directory, socket) {
  return `version = 2
root = "${directory}/containerd"
state = "${directory}/run"
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "${directory}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/library/pause:local"
  # Without CAP_SYS_RESOURCE, which containers have not, even root may not lower it.
  restrict_oom_score_adj = true
  disable_apparmor = true
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${directory}/cni"
`;
}

function kubelet({ directory, socket, cgroup, resolvConf }) {
  const never = ['memory.available', 'nodefs.available', 'nodefs.inodesFree', 'imagefs.available'];
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: nodeAddress,
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    failSwapOn: false,
    failCgroupV1: false,
    enforceNodeAllocatable: [],
    // The disk and the memory are the machine's, which has other uses for them.
    evictionHard: Object.fromEntries(never.map((signal) => [signal, '0%'])),
    imageGCHighThresholdPercent: 100,
    readOnlyPort: 0,
    healthzPort: 0,
    clusterDNS: [nodeAddress],
    clusterDomain: 'cluster.local',
    resolvConf,
    containerRuntimeEndpoint: `unix://${socket}`,
    podLogsDir: join(directory, 'pod-logs'),
    maxPods: 60,
  };
}

function kubeProxy(kubeconfig) {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig },
    mode: 'iptables',
    bindAddress: nodeAddress,
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    hostnameOverride: 'node',
    clusterCIDR: podNetwork,
    // Limits of the whole machine stay as they are.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  };
}

function corefile(kubeconfig) {
  return `.:53 {
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${kubeconfig} test
  }
  cache 5
}
`;
}
