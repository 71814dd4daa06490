import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from '@jest/globals';
import { version } from '../../server/package.json';
import { outputOf } from '../support/commands';
import { images, inspectImage, podman } from './podman';

const root = join(__dirname, '../..');
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}

async function filesOf(image: string): Promise<string[]> {
  const directory = await podman('image', 'mount', image);
  try {
    return filesBelow(directory);
  } finally {
    await podman('image', 'umount', image);
  }
}

test('The image is its base and the bundle, without the source map', async () => {
  const base = await filesOf(images.runBase);
  const added = (await filesOf(images.sidecar)).filter((file) => !base.includes(file));
  const built = filesBelow(join(root, 'server/dist')).filter((file) => !file.endsWith('.map'));
  expect(built).toContain('main.js');
  expect(added).toEqual(built.map((file) => join('session-sidecar', file)));
});

test('The bundle in it is the one that is built here', async () => {
  const directory = await podman('image', 'mount', images.sidecar);
  const inImage = readFileSync(join(directory, 'session-sidecar/main.js'), 'utf8');
  await podman('image', 'umount', images.sidecar);
  expect(inImage === readFileSync(join(root, 'server/dist/main.js'), 'utf8')).toBe(true);
});

test('It takes at most 160 MB unpacked', async () => {
  const { Size: whole } = await inspectImage(images.sidecar);
  const { Size: base } = await inspectImage(images.runBase);
  console.log(`Unpacked: ${megabytes(whole)}, of which base ${megabytes(base)}, sidecar ${megabytes(whole - base)}`);
  expect(whole).toBeGreaterThan(base);
  expect(whole).toBeLessThanOrEqual(160e6);
});

test('It asks for a user by number, and for neither volumes nor health checks', async () => {
  const { Config: config } = await inspectImage(images.sidecar);
  expect(config.User).toBe('65532:65532');
  expect(config.Volumes).toBeUndefined();
  expect(config.Healthcheck).toBeUndefined();
});

test('Its labels tell the version, the commit and the base', async () => {
  const { Config: config } = await inspectImage(images.sidecar);
  expect(config.Labels).toMatchObject({
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.revision': outputOf('git', ['rev-parse', 'HEAD'], { cwd: root }).trim(),
    'org.opencontainers.image.base.name': images.runBase,
  });
});

test('It is one layer on its base, and the same layer each time it is built', async () => {
  const { RootFS: base } = await inspectImage(images.runBase);
  const [first, second] = [await inspectImage(images.sidecar), await inspectImage(images.again)];
  expect(first.RootFS.Layers).toHaveLength(base.Layers.length + 1);
  expect(first.RootFS.Layers.slice(0, -1)).toEqual(base.Layers);
  expect(second.RootFS).toEqual(first.RootFS);
  expect(second.Id).toBe(first.Id);
});
