import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cpSync, writeFileSync } from 'node:fs';
import { renderDirectory } from '../support/manifests';
import type { Manifest } from '../support/manifests';
import { stackForAllTests } from '../support/stack';
import { until } from '../support/poll';
import { patienceMs, sidecarStatus } from './kubectl';
import type { Namespace } from './kubectl';
import { deployShop, shopManifests } from './shop';

const stack = stackForAllTests();
let namespace: Namespace;

beforeAll(async () => {
  namespace = await deployShop('jobs');
});

afterAll(() => namespace.remove());

/** Stores a session and reads it again. */
const program = `
const { SessionClient } = require('@session-sidecar/client');
const client = new SessionClient({ address: process.env.SIDECAR_ADDRESS });
(async () => {
  const session = client.create();
  session.set('job', 'done');
  await session.save();
  console.log((await client.open(session.token)).get('job'));
  client.close();
})();
`;

/** A Job with the label that the component selects, in the namespace of the shop, whose settings it shares. */
function job(): Manifest {
  const directory = stack.directory();
  cpSync(join(__dirname, '../../k8s/sidecar'), join(directory, 'sidecar'), { recursive: true });
  const shop = shopManifests().find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'web')!;
  const { containers, ...pod } = shop['spec'].template.spec;
  const [{ image, env, securityContext, volumeMounts }] = containers;
  const container = { name: 'job', image, env, securityContext, volumeMounts };
  const manifest = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'nightly', labels: { 'session-sidecar': 'true' } },
    spec: {
      backoffLimit: 0,
      template: {
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          containers: [
            { ...container, workingDir: '/shop/examples/express', command: ['/nodejs/bin/node', '-e', program] },
          ],
        },
      },
    },
  };
  writeFileSync(join(directory, 'job.yaml'), JSON.stringify(manifest));
  const kustomization = { resources: ['job.yaml'], components: ['sidecar'] };
  writeFileSync(join(directory, 'kustomization.yaml'), JSON.stringify(kustomization));
  const [rendered] = renderDirectory(directory);
  // What kustomize would replace, if the ConfigMap and the Secret were generated beside the Job.
  const { initContainers, volumes } = rendered!['spec'].template.spec;
  initContainers[0].envFrom = pod.initContainers[0].envFrom;
  const secret = ({ secret }: Manifest) => secret !== undefined;
  volumes.find(secret).secret = pod.volumes.find(secret).secret;
  return rendered!;
}

test('A Job with a sidecar ends when its own container has ended', async () => {
  await namespace.apply([job()]);
  const ended = await until(
    'the end of the Job',
    async () => {
      const conditions = (await namespace.get('job', 'nightly'))['status'].conditions ?? [];
      const types: readonly string[] = conditions.map(({ type }: { type: string }) => type);
      return types.find((type) => type === 'Complete' || type === 'Failed');
    },
    patienceMs,
  );
  expect(ended).toBe('Complete');
  const [pod] = await namespace.list('pods', 'job-name=nightly');
  expect(pod!['status'].phase).toBe('Succeeded');
  expect(sidecarStatus(pod!).state.terminated.exitCode).toBe(0);
  expect((await namespace.kubectl('logs', 'job/nightly', '--container', 'job')).trim()).toBe('done');
});
