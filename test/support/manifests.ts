import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { run } from './tools';

const k8s = join(__dirname, '../../k8s');

export const overlays = readdirSync(join(k8s, 'overlays'));

/** A document of a rendered overlay. A test checks all of them against the Kubernetes schemas, so the others need not. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly [field: string]: any;
}

/** Files that overlays refer to, which an operator creates for a deployment and which are not in git. */
export const secrets: Readonly<Record<string, string>> = {
  '.signing-keys': `${Buffer.alloc(32, 'k8s').toString('base64')}\n`,
  '.redis-password': 's3cret\n',
};

const candidates = [
  { version: ['kustomize', 'version'], build: ['kustomize', 'build'] },
  { version: ['kubectl', 'version', '--client'], build: ['kubectl', 'kustomize'] },
];

/** The command that renders; `undefined` if none is installed that is new enough for components. */
const build = candidates.find(({ version: [command = '', ...args] }) =>
  /^(Kustomize Version: )?v5\./m.test(run(command, args) ?? ''),
)?.build;

export const canRender = build !== undefined;

/** Renders an overlay of k8s/ with the {@link secrets}. */
export function render(overlay: string): readonly Manifest[] {
  const directory = mkdtempSync(join(tmpdir(), 'session-sidecar-k8s-'));
  try {
    cpSync(k8s, directory, { recursive: true });
    // In all, because an overlay may use another.
    for (const folder of overlays)
      for (const [name, text] of Object.entries(secrets))
        writeFileSync(join(directory, 'overlays', folder, name), text);
    return renderDirectory(join(directory, 'overlays', overlay));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export function renderDirectory(directory: string): readonly Manifest[] {
  const [command = '', ...args] = build ?? [];
  return parse(run(command, [...args, directory]) ?? '');
}

/** The documents of a YAML text. */
export function parse(text: string): readonly Manifest[] {
  return parseAllDocuments(text).map((document) => {
    for (const error of document.errors) throw error;
    return document.toJS() as Manifest;
  });
}

export function only(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.filter(
    (one) => one.kind === kind && one.metadata.name.replace(/-[a-z0-9]{10}$/, '') === name,
  );
  if (found.length !== 1) throw new Error(`Expected one ${kind} ${name}, got ${found.length}.`);
  return found[0]!;
}
