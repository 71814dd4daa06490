import { loadConfig } from '../../server/src/config';
import type { LoadedConfig } from '../../server/src/config/load-config';
import { only } from '../support/manifests';
import type { Manifest } from '../support/manifests';

/** The pods of a Deployment. */
export interface Pod {
  readonly spec: Manifest['spec'];
  readonly labels: Readonly<Record<string, string>>;
  readonly sidecar: Manifest['spec'];
  readonly app: Manifest['spec'];
  /** The sidecar's environment, as the kubelet puts it together. */
  readonly env: Readonly<Record<string, string>>;
  /** A file in the sidecar's file system that comes from a Secret. @throws Error when there is none. */
  readFile(path: string): Buffer;
}

export function podOf(manifests: readonly Manifest[], name = 'web'): Pod {
  const { spec, metadata } = only(manifests, 'Deployment', name)['spec'].template;
  const sidecar = spec.initContainers[0];
  const byName = (kind: string, name: string) =>
    manifests.find((one) => one.kind === kind && one.metadata.name === name) ?? missing(`${kind} ${name}`);
  const env: Record<string, string> = {};
  for (const { configMapRef } of sidecar.envFrom) Object.assign(env, byName('ConfigMap', configMapRef.name)['data']);
  for (const { name, value } of sidecar.env ?? []) env[name] = value ?? missing(`a value of ${name}`);
  return {
    spec,
    labels: metadata.labels,
    sidecar,
    app: spec.containers[0],
    env,
    readFile(path) {
      const mount = sidecar.volumeMounts.find(({ mountPath }: Manifest['spec']) => path.startsWith(`${mountPath}/`));
      const volume = spec.volumes.find(({ name }: Manifest['spec']) => name === mount?.name);
      const data = byName('Secret', volume?.secret.secretName)['data'];
      const key = path.replace(`${mount.mountPath}/`, '');
      return Buffer.from(data[key] ?? missing(`${key} in the Secret`), 'base64');
    },
  };
}

function missing(what: string): never {
  throw new Error(`There is no ${what}.`);
}

/** The settings as the sidecar understands them. */
export function configOf({ env, readFile }: Pod): LoadedConfig {
  return loadConfig({ env, args: [], readFile });
}
