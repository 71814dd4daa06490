import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { root } from '../docs/markdown';
import { blocks, page, releaseHere, writeFiles } from '../docs/kubernetes-page';
import { parse, secrets } from '../support/manifests';
import { killGroup, startCommand } from '../support/process';
import { until } from '../support/poll';
import { stackForAllTests } from '../support/stack';
import { command, defineMonitoring, Namespace, patienceMs } from './kubectl';
import { urlOf, web } from './shop';
import { isKnown, signIn } from './visitors';

const stack = stackForAllTests();
/** Which the page names. */
const shop = new Namespace('shop');
let directory: string;

beforeAll(async () => {
  await defineMonitoring();
  directory = stack.directory();
  cpSync(join(root, 'k8s'), join(directory, 'k8s'), { recursive: true });
  writeFiles(directory);
});

afterAll(() => shop.remove());

/** The block of shell commands that contains a text. */
function blockWith(text: string): string {
  const found = blocks.filter((block) => block.language === 'sh' && block.text.includes(text));
  if (found.length !== 1) throw new Error(`${page} has ${found.length} blocks with "${text}".`);
  return found[0]!.text.trim();
}

/** The line of a block that begins with a text. */
function lineWith(block: string, text: string): string {
  const line = block.split('\n').find((one) => one.startsWith(text));
  if (line === undefined) throw new Error(`No line of this block of ${page} begins with "${text}":\n${block}`);
  return line;
}

/** Runs it in a folder that has `k8s/` and the files of the page. */
const bash = (script: string, folder = directory) => command('bash', ['-ec', `cd "$0"; ${script}`, folder]);

test('One command deploys the shop with its namespace and its Redis', async () => {
  await bash(blockWith('kubectl apply --kustomize k8s/overlays/shop'));
  const url = await urlOf(shop);
  const ada = await signIn(url, 'Ada');
  expect(await isKnown(url, ada)).toBe(true);
});

test('The log, and ports that are forwarded, show that it works, gRPC on loopback among them', async () => {
  await shop.readyPods(web, 2);
  const check = blockWith('kubectl port-forward');
  expect(await bash(lineWith(check, 'kubectl logs'))).toContain('"msg":"serving"');
  const forwarding = startCommand('bash', ['-c', lineWith(check, 'kubectl port-forward')]);
  try {
    const forwarded = ['8080', '9464', '50051'].map((port) => `127.0.0.1:${port} ->`);
    const printed = () => forwarding.output().stdout;
    await until('the ports', () => forwarded.every((one) => printed().includes(one)), patienceMs);
    expect(await bash(lineWith(check, 'curl'))).toBe('ready\n');
    const created = JSON.parse(await bash(lineWith(check, 'npx buf curl'), root));
    expect(created).toMatchObject({ token: expect.any(String), session: { version: '1' } });
  } finally {
    killGroup(forwarding.child);
  }
});

test('An app of your own is accepted, with the components by a reference to the repository', async () => {
  // So that kustomize's Git finds it without a network.
  const git = Object.entries(releaseHere(stack.directory())).map(([name, value]) => `${name}='${value}'`);
  const manifests = parse(await bash(`export ${git.join(' ')}; kubectl kustomize shop`));
  const accepted = await shop.apply(manifests, '--dry-run=server');
  expect(accepted.match(/ \(server dry run\)$/gm)).toHaveLength(manifests.length);
  expect(manifests.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['Deployment', 'Secret', 'PodMonitor']));
});

test('The command of Helm is accepted, with the values of an app of your own', async () => {
  const names = Object.keys(secrets).map((name) => name.slice(1));
  const upgrade = blockWith('helm upgrade');
  for (const name of names) expect(upgrade).toContain(`secrets.${name}=shop/.${name}`);
  expect(await bash(`${upgrade} --dry-run=server`)).toContain('registry.example.com/shop:2.3.0');
});

test('The dashboard fits into a ConfigMap that Grafana finds', async () => {
  await bash(blockWith('kubectl create configmap'));
  const labelled = new Namespace('default').list('configmap', 'grafana_dashboard=1');
  expect(await labelled).toMatchObject([{ metadata: { name: 'session-sidecar-dashboard' } }]);
});
