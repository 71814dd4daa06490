import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

interface Manifest {
  readonly spec: { readonly template: { readonly spec: { readonly initContainers: readonly Container[] } } };
}
interface Container {
  readonly name: string;
  readonly resources: { readonly limits: { readonly memory: string } };
}

const manifestPath = join(__dirname, '..', '..', 'k8s', 'sidecar', 'sidecar.yaml');

/** The memory limit of the sidecar's container in the manifest, in MiB. */
export function memoryLimitMb(): number {
  const manifest = parse(readFileSync(manifestPath, 'utf8')) as Manifest;
  const container = manifest.spec.template.spec.initContainers.find(({ name }) => name === 'session-sidecar');
  const limit = container?.resources.limits.memory ?? '';
  const [, mebibytes] = /^(\d+)Mi$/.exec(limit) ?? [];
  if (mebibytes === undefined) throw new Error(`Expected a memory limit in Mi in ${manifestPath}, got '${limit}'.`);
  return Number(mebibytes);
}
