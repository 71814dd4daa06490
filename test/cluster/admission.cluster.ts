import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { only, overlays, parse, render } from '../support/manifests';
import type { Manifest } from '../support/manifests';
import { command, defineMonitoring, restrictedNamespace } from './kubectl';
import type { Namespace } from './kubectl';

let namespace: Namespace;

beforeAll(async () => {
  namespace = await restrictedNamespace('admission');
  await defineMonitoring();
});

afterAll(() => namespace.remove());

/** Has the API server check everything as if it were applied. Warnings are errors, those of Pod Security among them. */
const dryRun = (manifests: readonly Manifest[]) =>
  namespace.apply(
    manifests
      .filter(({ kind }) => kind !== 'Namespace')
      .map((manifest) => ({ ...manifest, metadata: { ...manifest.metadata, namespace: undefined } })),
    ...['--dry-run=server', '--warnings-as-errors'],
  );

describe.each(overlays)('The overlay %s', (overlay) => {
  test('is accepted with strict validation, and without a warning of Pod Security at the level restricted', async () => {
    const manifests = render(overlay);
    const accepted = (await dryRun(manifests)).match(/ created \(server dry run\)$/gm) ?? [];
    expect(accepted).toHaveLength(manifests.filter(({ kind }) => kind !== 'Namespace').length);
  });
});

test('The chart is accepted in the same way, with monitoring', async () => {
  const chart = join(__dirname, '../../k8s/chart');
  const rendered = await command('helm', ['template', 'shop', chart, '--set', 'monitoring.enabled=true']);
  expect((await dryRun(parse(rendered))).match(/ created /g)).toHaveLength(8);
});

describe('The check', () => {
  const deployment = () => structuredClone(only(render('dev'), 'Deployment', 'web'));

  test('refuses a field that does not exist', async () => {
    const spoiled = deployment();
    spoiled['spec'].template.spec.initContainers[0].restartPolcy = 'Always';
    await expect(dryRun([spoiled])).rejects.toThrow(/unknown field ".*restartPolcy"/);
  });

  test('refuses a container that Pod Security does not allow', async () => {
    const spoiled = deployment();
    spoiled['spec'].template.spec.initContainers[0].securityContext.allowPrivilegeEscalation = true;
    await expect(dryRun([spoiled])).rejects.toThrow(/would violate PodSecurity "restricted/);
  });
});
