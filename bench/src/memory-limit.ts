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

/** What the manifest lets the sidecar's container take, in MiB. */
export function memoryLimitMb(): number {
  const manifest = parse(readFileSync(manifestPath, 'utf8')) as Manifest;
  const container = manifest.spec.template.spec.initContainers.find(({ name }) => name === 'session-sidecar');
  const limit = container?.resources.limits.memory ?? '';
  const [, mebibytes] = /^(\d+)Mi$/.exec(limit) ?? [];
  if (mebibytes === undefined) throw new Error(`Expected the memory limit of the sidecar in Mi, got '${limit}'.`);
  return Number(mebibytes);
}
