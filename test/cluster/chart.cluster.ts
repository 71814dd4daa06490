import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { cpSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { only, parse, renderDirectory } from '../support/manifests';
import type { Manifest } from '../support/manifests';
import { stackForAllTests } from '../support/stack';
import { command, restrictedNamespace } from './kubectl';
import type { Namespace } from './kubectl';
import { shopManifests, urlOf } from './shop';
import { isKnown, signIn } from './visitors';

const stack = stackForAllTests();
const k8s = join(__dirname, '../../k8s');
const chart = join(k8s, 'chart');

let namespace: Namespace;

beforeAll(async () => {
  namespace = await restrictedNamespace('chart');
});

afterAll(() => namespace.remove());

/** Manifests by kind and name, without what the two tools name differently. */
function comparable(manifests: readonly Manifest[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    manifests.map((manifest) => {
      const text = JSON.stringify(manifest)
        // kustomize adds a hash of the content, the chart the name of the app.
        .replaceAll(/"(?:web-)?session-sidecar(?:-[a-z0-9]{10})?"/g, '"session-sidecar"')
        // In the chart, this does what the hash does.
        .replace(/,?"session-sidecar\/settings":"[0-9a-f]{64}"/, '');
      const one = JSON.parse(text) as Manifest;
      return [`${one.kind} ${one.metadata.name}`, one];
    }),
  );
}

test('With default values, the chart makes what kustomize makes of k8s/base', async () => {
  const byHelm = parse(await command('helm', ['template', 'any', chart]));
  const byKustomize = renderDirectory(join(k8s, 'base'));
  expect(Object.keys(comparable(byHelm))).toHaveLength(6);
  expect(comparable(byHelm)).toEqual(comparable(byKustomize));
});

test('With monitoring, it makes what kustomize makes with the component', async () => {
  const byHelm = parse(await command('helm', ['template', 'any', chart, '--set', 'monitoring.enabled=true']));
  const directory = stack.directory();
  cpSync(k8s, join(directory, 'k8s'), { recursive: true });
  const kustomization = { resources: ['k8s/base'], components: ['k8s/monitoring'] };
  writeFileSync(join(directory, 'kustomization.yaml'), JSON.stringify(kustomization));
  expect(comparable(byHelm)).toEqual(comparable(renderDirectory(directory)));
});

test('It refuses values and settings that do not exist', async () => {
  const withValue = (value: string) => command('helm', ['template', 'any', chart, '--set', value]);
  await expect(withValue('imge=web:2')).rejects.toThrow(/imge/);
  await expect(withValue('settings.IDLE_TIMEOUT=5m')).rejects.toThrow(/IDLE_TIMEOUT/);
});

test('helm install runs an app with its sidecar, upgrade rolls new settings out, and uninstall removes all', async () => {
  const directory = stack.directory();
  const keys = join(directory, 'signing-keys');
  writeFileSync(keys, randomBytes(32).toString('base64'));
  await namespace.apply(shopManifests().filter(({ metadata }) => metadata.name === 'session-redis'));
  const values = {
    name: 'shop',
    image: only(shopManifests(), 'Deployment', 'web')['spec'].template.spec.containers[0].image,
    env: [
      { name: 'HOST', value: '0.0.0.0' },
      { name: 'PORT', value: '8080' },
    ],
    settings: { SESSION_SIDECAR_REDIS_URL: 'redis://session-redis:6379' },
  };
  const file = join(directory, 'values.json');
  writeFileSync(file, JSON.stringify(values));
  const release = (verb: string, ...args: string[]) =>
    command('helm', [verb, 'shop', ...args, '--namespace', 'chart', '--wait', '--timeout', '3m']);
  const common = [chart, '--values', file, '--set-file', `secrets.signing-keys=${keys}`];
  await release('install', ...common);
  const url = await urlOf(namespace, 'shop');
  const ada = await signIn(url, 'Ada');
  expect(await isKnown(url, ada)).toBe(true);

  await release('upgrade', ...common, '--set', 'settings.SESSION_SIDECAR_IDLE_TIMEOUT=40m');
  await namespace.rollout('deployment/shop');
  const { metadata } = await namespace.get('replicaset', await newestReplicaSet());
  expect(metadata).toMatchObject({ annotations: { 'deployment.kubernetes.io/revision': '2' } });
  expect(await isKnown(url, ada)).toBe(true);

  await release('uninstall');
  const left = await namespace.kubectl(
    'get',
    'deployment,service,configmap,secret,hpa,pdb,networkpolicy',
    '--output',
    'name',
  );
  expect(left.split('\n').filter((name) => name.includes('shop'))).toEqual([]);
});

async function newestReplicaSet(): Promise<string> {
  const sets = await namespace.list('replicasets', 'app.kubernetes.io/name=shop');
  return sets.find(({ spec }) => spec.replicas > 0)!.metadata.name;
}
