import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Secret as the kubelet mounts it: files are links through `..data`, a link to a folder, which an update replaces. */
export interface MountedSecret {
  /** The path of a mounted file. */
  path(name: string): string;
  /** Replaces all files at once. */
  update(files: Readonly<Record<string, string>>): void;
  remove(): void;
}

export function mountSecret(files: Readonly<Record<string, string>>): MountedSecret {
  const directory = mkdtempSync(join(tmpdir(), 'session-sidecar-secret-'));
  let version = 0;
  const update = (contents: Readonly<Record<string, string>>): void => {
    version += 1;
    const folder = `..${version}`;
    mkdirSync(join(directory, folder));
    for (const [name, content] of Object.entries(contents)) writeFileSync(join(directory, folder, name), content);
    symlinkSync(folder, join(directory, '..data_tmp'));
    renameSync(join(directory, '..data_tmp'), join(directory, '..data'));
    rmSync(join(directory, `..${version - 1}`), { recursive: true, force: true });
  };
  update(files);
  for (const name of Object.keys(files)) symlinkSync(join('..data', name), join(directory, name));
  return {
    path: (name) => join(directory, name),
    update,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
