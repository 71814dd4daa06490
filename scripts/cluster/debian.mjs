import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache } from '../lib/run.mjs';

/** The container runtime, and what kube-proxy and the network plugins run. */
const packages = ['containerd', 'runc', 'iptables', 'conntrack', 'containernetworking-plugins'];

/**
 * Unpacks Debian packages, and what they need and this machine lacks, into a folder, unless that was done before. Installing them
 * could start a service, or replace the container runtime that this machine uses.
 *
 * @returns {{ missing: string } | { usr: string }} the folder to lay over /usr
 */
export function unpackPackages() {
  if (spawnSync('apt-get', ['--version']).status !== 0) return { missing: 'apt-get, for containerd and iptables' };
  const directory = join(cache, 'cluster', 'debian');
  const usr = join(directory, 'usr');
  const mark = join(directory, 'unpacked');
  if (existsSync(mark)) return { usr };
  console.log(`Unpacking ${packages.join(', ')} …`);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(usr, { recursive: true });
  const archives = mkdtempSync(join(directory, 'archives-'));
  mkdirSync(join(archives, 'partial'));
  const install = ['install', '--yes', '--download-only', '--no-install-recommends', '--reinstall', ...packages];
  const aptGet = (...args) =>
    spawnSync('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', ...args], { stdio: ['ignore', 'inherit', 'inherit'] })
      .status;
  const download = () => aptGet('-o', `Dir::Cache::archives=${archives}`, ...install) === 0;
  if (!download() && !(aptGet('update') === 0 && download()))
    return { missing: 'packages that apt-get cannot download' };
  for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb'))) unpack(join(archives, file), usr);
  // Which of its two programs iptables is, a package decides when it is installed.
  for (const name of ['iptables', 'ip6tables'].flatMap((name) => [name, `${name}-save`, `${name}-restore`]))
    symlinkSync('xtables-nft-multi', join(usr, 'sbin', name));
  rmSync(archives, { recursive: true });
  writeFileSync(mark, '');
  return { usr };
}

/** Older packages have files in /lib and /sbin, which are links into /usr. */
function unpack(archive, usr) {
  const directory = mkdtempSync(`${archive}-`);
  execFileSync('dpkg-deb', ['--extract', archive, directory]);
  for (const folder of ['bin', 'sbin', 'lib']) {
    const from = join(directory, folder);
    if (existsSync(from)) cpSync(from, join(usr, folder), { recursive: true, verbatimSymlinks: true });
  }
  const from = join(directory, 'usr');
  if (existsSync(from)) cpSync(from, usr, { recursive: true, verbatimSymlinks: true });
}
