import { readFileSync } from 'node:fs';
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

/** Packs what `npm publish` would with `npm run release:pack`, from the builds that are there. */
export function pack(directory: string): { readonly tarballs: Tarballs; readonly printed: string } {
  const args = ['run', '--silent', 'release:pack', '--', '--built', '--destination', directory];
  const printed = outputOf('npm', args, { cwd: root });
  const tarballOf = ({ name, version }: Manifest) => `${name.slice(1).replace('/', '-')}-${version}.tgz`;
  const tarballs = Object.fromEntries(
    published.map((folder) => [folder, join(directory, tarballOf(manifestOf(folder)))]),
  ) as Tarballs;
  return { tarballs, printed };
}
