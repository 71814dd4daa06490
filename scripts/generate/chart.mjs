import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/run.mjs';

const k8s = join(root, 'k8s');

/** Manifests that the Helm chart has in common with the kustomize components: a chart can read only its own files. */
const sources = ['sidecar/sidecar.yaml', 'monitoring/pod-monitor.yaml', 'monitoring/prometheus-rule.yaml'];

/** The files of the chart that are copies, by path. */
export function chartFiles() {
  return new Map(
    sources.map((source) => {
      const [, name] = source.split('/');
      const text = readFileSync(join(k8s, source), 'utf8');
      return [join('k8s', 'chart', 'files', name), `# A copy of k8s/${source}, made by npm run generate.\n${text}`];
    }),
  );
}
