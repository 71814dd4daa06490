import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { outputOf } from '../support/commands';

export const root = resolve(__dirname, '../..');

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly keywords?: readonly string[];
  readonly license: string;
  readonly repository?: { readonly directory: string };
  readonly exports?: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
  readonly publishConfig?: { readonly access: string };
  readonly files: readonly string[];
  readonly engines: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

export function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest;
}

/** The folders of the packages that are published to npm. */
export const published = ['proto', 'client', 'server'] as const;

export type Tarballs = Readonly<Record<(typeof published)[number], string>>;

/** Packs what `npm publish` would, from the builds that are there, and gives the path of each tarball. */
export function pack(directory: string): Tarballs {
  for (const folder of published) {
    if (!existsSync(join(root, folder, 'dist')))
      throw new Error(`${folder}/dist is not there. Make it with: npm run build`);
  }
  const workspaces = published.flatMap((folder) => ['--workspace', folder]);
  const args = ['pack', '--offline', '--ignore-scripts', '--silent', '--pack-destination', directory, ...workspaces];
  outputOf('npm', args, { cwd: root });
  const tarballOf = ({ name, version }: Manifest) => `${name.slice(1).replace('/', '-')}-${version}.tgz`;
  return Object.fromEntries(
    published.map((folder) => [folder, join(directory, tarballOf(manifestOf(folder)))]),
  ) as Tarballs;
}
