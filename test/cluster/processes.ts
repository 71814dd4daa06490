import { readFileSync, readdirSync } from 'node:fs';
import type { Manifest } from '../support/manifests';

/**
 * The process id of a pod's sidecar. Tests run in the process namespace of the node, which sees the processes of all pods.
 *
 * @throws Error if it does not run
 */
export function sidecarProcess(pod: Manifest): number {
  const { uid } = pod.metadata as unknown as { readonly uid: string };
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const id = ids.find((one) => {
    try {
      return (
        readFileSync(`/proc/${one}/cgroup`, 'utf8').includes(uid) &&
        readFileSync(`/proc/${one}/cmdline`, 'utf8').includes('/session-sidecar/main.js')
      );
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
  if (id === undefined) throw new Error(`The sidecar of ${pod.metadata.name} does not run.`);
  return Number(id);
}
