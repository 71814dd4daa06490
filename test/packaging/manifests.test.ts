import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { brokenLinksOf } from '../docs/markdown';
import { manifestOf, published, root } from './packages';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const project = manifestOf('.');

describe.each(published)('the package in %s/', (folder) => {
  const manifest = manifestOf(folder);

  test('says what it is and where it comes from', () => {
    expect(manifest.description).toMatch(/^[A-Z].+\.$/);
    expect(manifest.keywords?.length).toBeGreaterThan(3);
    expect(manifest.repository).toEqual({ ...manifestOf('client').repository, directory: folder });
  });

  test('has the version, the licence and the Node.js releases of the project', () => {
    const { version, license, engines } = manifest;
    expect({ version, license, engines }).toEqual({
      version: project.version,
      license: project.license,
      engines: project.engines,
    });
    expect(read(`${folder}/LICENSE`)).toBe(read('LICENSE'));
  });

  test('has a README with its name and without broken links', () => {
    expect(read(`${folder}/README.md`)).toMatch(new RegExp(`^# ${manifest.name}\n`));
    expect(brokenLinksOf(`${folder}/README.md`)).toEqual([]);
  });

  test('is published for everyone', () => {
    expect(manifest.publishConfig).toEqual({ access: 'public' });
  });

  test('is built afresh before it is packed', () => {
    expect(manifest.scripts['prepack']).toBe('git clean -fdXq dist && npm run build');
  });

  test('asks for the packages of this project in the same version', () => {
    const own = Object.entries(manifest.dependencies ?? {}).filter(([name]) => name.startsWith('@session-sidecar/'));
    expect(own.filter(([, version]) => version !== manifest.version)).toEqual([]);
  });
});

describe('the package of the server', () => {
  test('has no dependencies, because its build bundles them', () => {
    expect(manifestOf('server').dependencies).toBeUndefined();
  });
});

describe('the package of the client', () => {
  test('declares the frameworks that it adapts to as optional peers', () => {
    const { peerDependencies = {}, peerDependenciesMeta = {} } = manifestOf('client');
    const names = ['express', 'express-session', '@fastify/session'];
    expect(Object.keys(peerDependencies)).toEqual(expect.arrayContaining(names));
    expect(Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional)).toEqual([]);
  });
});

describe('.nvmrc', () => {
  test('names the Node.js release that the image runs', () => {
    const bases = [...read('Dockerfile').matchAll(/^ARG \w+_IMAGE=\D+(\d+)/gm)].map(([, major]) => major);
    expect(new Set(bases)).toEqual(new Set([read('.nvmrc').trim()]));
  });
});
