import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Ajv from 'ajv';
import { parse as parseYaml } from 'yaml';
import { otelVariables, settingRows } from '../../server/src/config';
import { signingKeys } from '../../server/src/config/values';
import { configOf, podOf } from '../k8s/pod';
import { problemsOf } from '../k8s/schemas';
import { execute } from '../support/commands';
import { canRender, parse, render, renderDirectory } from '../support/manifests';
import { describeWith, env, run } from '../support/tools';
import { blocks, files, page, releaseHere, writeFiles } from './kubernetes-page';
import { brokenLinksOf, root, rowsOf } from './markdown';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

const text = readFileSync(join(root, page), 'utf8');
const commands = blocks
  .filter(({ language }) => language === 'sh')
  .flatMap(({ text: block }) => block.split('\n').filter((line) => line !== ''));
const kubectl = commands.filter((command) => command.startsWith('kubectl '));

const [patch] = parse(readFileSync(join(root, 'k8s/sidecar/sidecar.yaml'), 'utf8'));
const variables: { name: string; value: string }[] = patch?.['spec'].template.spec.initContainers[0].env;
const envOfSidecar = Object.fromEntries(variables.map(({ name, value }) => [name, value]));

describe(page, () => {
  test('has no link that leads to nothing', () => {
    expect(brokenLinksOf(page)).toEqual([]);
  });

  test('names only settings that exist', () => {
    const settings = settingRows().flatMap(({ variable }) => [variable, `${variable}_FILE`]);
    const honoured = otelVariables.flatMap(({ names }) => names);
    const named = text.match(/(SESSION_SIDECAR|OTEL)_[A-Z_]*[A-Z]/g) ?? [];
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !settings.includes(name) && !honoured.includes(name))).toEqual([]);
  });

  test('lists what is in k8s/, and nothing else', () => {
    const overlays = readdirSync(join(root, 'k8s/overlays')).map((name) => `overlays/${name}`);
    const there = [...readdirSync(join(root, 'k8s')).filter((name) => name !== 'overlays'), ...overlays];
    const listed = rowsOf(page).flatMap((row) => row['folder or file'] ?? []);
    expect(listed.map((name) => name.replaceAll('`', '')).sort()).toEqual(there.sort());
  });

  test('adds up the seconds of stopping as the manifest does', () => {
    const rows = rowsOf(page).filter((row) => row['seconds'] !== undefined);
    const seconds = rows.map((row) => Number(row['seconds']?.replaceAll('*', '')));
    const sum = seconds.pop();
    expect(sum).toBe(seconds.reduce((total, one) => total + one, 0));
    const [deployment] = parse(readFileSync(join(root, 'k8s/base/web.yaml'), 'utf8'));
    const { terminationGracePeriodSeconds, containers } = deployment?.['spec'].template.spec ?? {};
    expect(sum).toBe(terminationGracePeriodSeconds);
    expect(seconds[0]).toBe(containers[0].lifecycle.preStop.sleep.seconds);
    expect(envOfSidecar['SESSION_SIDECAR_SHUTDOWN_GRACE']).toBe(`${seconds[2]}s`);
  });

  test('lists the addresses that the sidecar listens on', () => {
    const listed = rowsOf(page).flatMap((row) => row['address of the app'] ?? []);
    expect(listed.map((address) => address.replaceAll('`', '')).join()).toBe(
      envOfSidecar['SESSION_SIDECAR_GRPC_ADDRESS'],
    );
  });

  test('makes a signing key that the sidecar accepts', () => {
    const [command = ''] = commands.filter((one) => one.startsWith('openssl '));
    const key = run('bash', ['-c', command.replace(/ > .*/, '')]) ?? '';
    expect(signingKeys.parse(key.trim(), () => Buffer.alloc(0))).toHaveLength(1);
  });

  test('contains a command that the sidecar answers', async () => {
    const [command = ''] = commands.filter((one) => one.startsWith('npx buf curl'));
    const sidecar = await stack.sidecar();
    const here = command.replace('localhost:50051', sidecar.address);
    const { stdout } = await execute('bash', ['-c', here], { cwd: root });
    expect(JSON.parse(stdout)).toMatchObject({ token: expect.any(String), session: { version: '1' } });
  });
});

describeWith('kustomize 5', canRender)(`the files in ${page}`, () => {
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'session-sidecar-docs-'));
    Object.assign(env, releaseHere(directory));
    writeFiles(directory);
  });

  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  test('are all of them', () => {
    const expected = ['shop/deployment.yaml', 'shop/kustomization.yaml', 'shop/values.yaml'];
    expect(files.map(({ path }) => path)).toEqual(expected);
    expect(blocks.filter(({ language }) => language === 'yaml')).toHaveLength(expected.length);
  });

  test('deploy the shop with everything it needs, in one command', () => {
    const [, folder = ''] = /^kubectl apply --kustomize (\S+)$/m.exec(kubectl.join('\n')) ?? [];
    expect(folder).toBe('k8s/overlays/shop');
    const manifests = render('shop');
    const { image } = podOf(manifests).app;
    expect(commands.join('\n')).toContain(`docker build --tag ${image} --file examples/express/Dockerfile .`);
    const namespace = manifests.find(({ kind }) => kind === 'Namespace')!.metadata.name;
    expect(kubectl.join('\n')).toContain(`--namespace ${namespace} deployment/web`);
  });

  test('give values to the chart that it takes, and settings that the sidecar takes', () => {
    const [{ block } = { block: '' }] = files.filter(({ path }) => path.endsWith('values.yaml'));
    const values = parseYaml(block) as { readonly settings: Record<string, string> };
    const schema = JSON.parse(readFileSync(join(root, 'k8s/chart/values.schema.json'), 'utf8')) as object;
    const validate = new Ajv({ strict: false }).compile(schema);
    const defaults = parseYaml(readFileSync(join(root, 'k8s/chart/values.yaml'), 'utf8')) as object;
    expect([validate({ ...defaults, ...values }), validate.errors]).toEqual([true, null]);
    const names = settingRows().flatMap(({ variable }) => [variable, `${variable}_FILE`]);
    expect(Object.keys(values.settings).filter((name) => !names.includes(name))).toEqual([]);
  });

  test('put a sidecar into an app of your own, with an image and settings of your own', () => {
    const manifests = renderDirectory(join(directory, 'shop'));
    expect(problemsOf(manifests)).toEqual({});
    const pod = podOf(manifests, 'shop');
    expect(pod.sidecar).toMatchObject({
      image: 'registry.example.com/session-sidecar:0.1.0',
      restartPolicy: 'Always',
    });
    expect(pod.spec.volumes.map(({ name }: { name: string }) => name)).toContain(pod.app.volumeMounts[0].name);
    const { config, warnings } = configOf(pod);
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      expiry: { idleTimeout: 30 * 60_000 },
      tracing: { collector: 'http://opentelemetry-collector.observability:4318' },
      store: { redis: { username: 'sidecar', password: 's3cret', tls: { ca: expect.any(Buffer) } } },
    });
    expect(config.grpcAddresses).toContainEqual({ kind: 'unix', path: pod.app.env[0].value.replace('unix:', '') });
  });
});

const hasKubectl = run('kubectl', ['version', '--client']) !== undefined;

describeWith('kubectl', hasKubectl)(`the kubectl commands in ${page}`, () => {
  test.each(kubectl)('%s: kubectl has this command, with these options', (command) => {
    const words = command.split(' ').slice(1);
    const isOption = (word: string) => word.startsWith('-');
    const verb = words.slice(0, ['create', 'rollout'].includes(words[0] ?? '') ? 2 : 1);
    const help = `${run('kubectl', [...verb, '--help'])}${run('kubectl', ['options'])}`;
    const options = words.filter(isOption).map((word) => word.replace(/=.*/, ''));
    expect(options.filter((option) => !help.includes(`${option}=`))).toEqual([]);
    expect(help).toContain(`kubectl ${verb.join(' ')}`);
  });

  test.each(kubectl.filter((command) => command.startsWith('kubectl create')))(
    '%s: makes what the page states',
    (command) => {
      const made = run('bash', ['-c', `cd ${root} && ${command} --dry-run=client --output=yaml`]) ?? '';
      const [, , kind = '', name] = command.split(' ');
      expect(parse(made)).toMatchObject([{ kind: expect.stringMatching(new RegExp(kind, 'i')), metadata: { name } }]);
    },
  );
});
