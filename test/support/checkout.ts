import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const root = resolve(__dirname, '../..');

/** Copies the sources of this checkout, so that a test can change them, and links the installed packages into the copy. */
export function copyCheckout(): string {
  const copy = mkdtempSync(join(tmpdir(), 'session-sidecar-checkout-'));
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const files = execFileSync('git', list, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 }).split('\0');
  for (const file of files.filter((one) => one !== '' && existsSync(join(root, one)))) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  // Links to the packages, not to the folder: what npm does in the copy must not reach the checkout.
  for (const folder of ['.', 'server', 'client', 'proto', 'bench']) {
    const packages = join(root, folder, 'node_modules');
    if (!existsSync(packages)) continue;
    mkdirSync(join(copy, folder, 'node_modules'));
    for (const name of readdirSync(packages).filter((entry) => entry === '.bin' || !entry.startsWith('.')))
      symlinkSync(join(packages, name), join(copy, folder, 'node_modules', name));
  }
  // npm's record of what is installed, by which scripts/install.mjs sees that everything is.
  const record = join('node_modules', '.package-lock.json');
  cpSync(join(root, record), join(copy, record));
  return copy;
}
