import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache, root } from '../lib/run.mjs';
import { goToolchain } from '../lib/toolchains.mjs';

const source = join(root, 'scripts', 'cluster', 'programs');

/** What to build, by the name of the program. Versions are in programs/go.mod. */
const packages = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  'kube-proxy': 'k8s.io/kubernetes/cmd/kube-proxy',
  kubelet: 'k8s.io/kubernetes/cmd/kubelet',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
  coredns: './coredns',
  pause: './pause',
  helm: 'helm.sh/helm/v3/cmd/helm',
  'metrics-server': 'sigs.k8s.io/metrics-server/cmd/metrics-server',
  'prometheus-operator': 'github.com/prometheus-operator/prometheus-operator/cmd/operator',
};

/** Definitions of the Prometheus operator's objects, which its module contains. */
const definitions = 'example/prometheus-operator-crd';

/** The versions of the modules that programs are built from, by module. */
export function moduleVersions() {
  const text = readFileSync(join(source, 'go.mod'), 'utf8');
  const lines = text.matchAll(/^(?:require )?\s*(\S+) (v\S+)(?: \/\/ indirect)?$/gm);
  return Object.fromEntries([...lines].map(([, name, version]) => [name, version]));
}

/**
 * Builds Kubernetes and the programs around it from Go modules, unless these were built before.
 *
 * @returns {{ missing: string } | { bin: string, crds: string }} folders of the programs and of CustomResourceDefinitions
 */
export function buildPrograms() {
  const go = goToolchain();
  if (go.missing !== undefined) return go;
  const bin = join(cache, 'cluster', 'bin');
  const crds = join(cache, 'cluster', 'crds');
  const mark = join(cache, 'cluster', 'programs.sha256');
  const wanted = fingerprint();
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return { bin, crds };
  console.log('Building Kubernetes and what it needs from Go modules, which takes minutes …');
  rmSync(bin, { recursive: true, force: true });
  rmSync(crds, { recursive: true, force: true });
  mkdirSync(bin, { recursive: true });
  const { command } = go;
  const options = { cwd: source, env: { ...go.env, CGO_ENABLED: '0' }, stdio: ['ignore', 'inherit', 'inherit'] };
  const version = moduleVersions()['k8s.io/kubernetes'];
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(version);
  // Otherwise the programs do not know which Kubernetes they are, or are for.
  const known = {
    'k8s.io/component-base/version.gitVersion': version,
    'helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor': major,
    'helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor': minor,
  };
  const flags = ['-s', '-w', ...Object.entries(known).map(([name, value]) => `-X ${name}=${value}`)].join(' ');
  for (const [name, path] of Object.entries(packages)) {
    console.log(`Building ${name} …`);
    execFileSync(command, ['build', '-ldflags', flags, '-o', join(bin, name), path], options);
  }
  const operator = ['list', '-m', '-f', '{{.Dir}}', 'github.com/prometheus-operator/prometheus-operator'];
  const module = execFileSync(command, operator, {
    ...options,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  execFileSync('cp', ['-r', join(module.trim(), definitions), crds]);
  writeFileSync(mark, wanted);
  return { bin, crds };
}

/** Changes with everything that decides what is built. */
function fingerprint() {
  const hash = createHash('sha256').update(JSON.stringify(packages));
  for (const name of readdirSync(source, { recursive: true }).sort()) {
    if (/\.(go|mod|sum)$/.test(name)) hash.update(name).update(readFileSync(join(source, name)));
  }
  return hash.digest('hex');
}
