import { execute } from '../support/commands';
import type { Manifest } from '../support/manifests';
import { until } from '../support/poll';

/** What a test waits for at most: images are there, but the machine may be slow. */
export const patienceMs = 180_000;

/** Runs a command of the cluster and returns its standard output. @throws Error with its standard error, if it fails */
export async function command(name: string, args: readonly string[], input = ''): Promise<string> {
  if (process.env['CLUSTER_FIGURES'] === undefined) throw new Error('Run this with: npm run test:cluster');
  const running = execute(name, args, { maxBuffer: 1 << 26 });
  // A command that fails may not read it.
  running.child.stdin?.on('error', () => {}).end(input);
  return (await running).stdout;
}

export const kubectl = (args: readonly string[], input?: string) => command('kubectl', args, input);

/** kubectl in one namespace. */
export class Namespace {
  constructor(readonly name: string) {}

  kubectl(...args: readonly string[]): Promise<string> {
    return kubectl(['--namespace', this.name, ...args]);
  }

  async get(kind: string, name: string): Promise<Manifest> {
    return JSON.parse(await this.kubectl('get', kind, name, '--output', 'json')) as Manifest;
  }

  /** Objects with a label, those that are being deleted left out. */
  async list(kind: string, selector = ''): Promise<readonly Manifest[]> {
    const list = await this.kubectl('get', kind, '--selector', selector, '--output', 'json');
    const { items } = JSON.parse(list) as { readonly items: readonly Manifest[] };
    return items.filter(({ metadata }) => !('deletionTimestamp' in metadata));
  }

  apply(manifests: readonly object[], ...args: readonly string[]): Promise<string> {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests });
    return kubectl(['--namespace', this.name, 'apply', '--validate=strict', '--filename', '-', ...args], list);
  }

  /** Waits for a rollout: `deployment/web`. */
  async rollout(what: string): Promise<void> {
    await this.kubectl('rollout', 'status', what, '--timeout', `${patienceMs / 1000}s`);
  }

  /** Waits until so many pods with a label are ready, and returns them. */
  readyPods(selector: string, count: number): Promise<readonly Manifest[]> {
    return until(
      `${count} ready pods with ${selector} in ${this.name}`,
      async () => {
        const pods = await this.list('pods', selector);
        return pods.length === count && pods.every(isReady) && pods;
      },
      patienceMs,
    );
  }

  /** Removes everything in it, without waiting for the end. */
  async remove(): Promise<void> {
    await kubectl(['delete', 'namespace', this.name, '--wait=false', '--ignore-not-found']);
  }
}

export async function createNamespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<Namespace> {
  const namespace = new Namespace(name);
  await kubectl(
    ['apply', '--filename', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }),
  );
  // No pod is accepted before.
  await until('its service account', () => namespace.get('serviceaccount', 'default').catch(() => false), patienceMs);
  return namespace;
}

/** A namespace that refuses, and warns of, pods that Pod Security's level `restricted` does not allow. */
export function restrictedNamespace(name: string): Promise<Namespace> {
  const modes = ['enforce', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted'] as const);
  return createNamespace(name, Object.fromEntries(modes));
}

/** Makes the API server know the objects of the Prometheus operator. */
export async function defineMonitoring(): Promise<void> {
  // Server-side, because they are too large for the annotation of the client.
  await kubectl(['apply', '--server-side', '--filename', process.env['CLUSTER_CRDS']!]);
}

export function isReady(pod: Manifest): boolean {
  const conditions: readonly { type: string; status: string }[] = pod['status'].conditions ?? [];
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** The status of a pod's sidecar. */
export function sidecarStatus(pod: Manifest): Manifest['status'] {
  return pod['status'].initContainerStatuses?.find(({ name }: { name: string }) => name === 'session-sidecar');
}
