// What keeps the cluster apart from the machine, inside namespaces of its own.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const cgroups = '/sys/fs/cgroup';

/** The address of the node, which a cable to nowhere carries. */
export const nodeAddress = '10.203.0.1';

const run = (command, ...args) => execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });

/** The arguments of `unshare` for a command whose end is the end of everything it started. */
export function unshareArguments(command) {
  const namespaces = ['--mount', '--net', '--pid', '--uts', '--ipc'];
  // The shell stays, as process 1, to reap processes that lost their parents.
  const shell = ['bash', '-c', '"$@"; exit $?', 'bash', ...command];
  return [...namespaces, '--fork', '--kill-child', '--mount-proc', '--propagation', 'private', ...shell];
}

/** Why such namespaces cannot be made here; `undefined` if they can. */
export async function namespaceObstacle(usr) {
  const overlay = `mount -t overlay -o lowerdir="${usr}":/usr overlay /usr`;
  const veth = 'ip link add node0 type veth peer name node0x';
  const test = (script) => run('unshare', ...unshareArguments(['bash', '-c', script]));
  try {
    test('true');
  } catch {
    return 'it may not create namespaces';
  }
  try {
    test(overlay);
  } catch {
    return 'it cannot mount an overlay on /usr';
  }
  try {
    test(veth);
  } catch {
    return 'its kernel has no veth devices, or ip (iproute2) is missing';
  }
  if (!existsSync(cgroups)) return 'it has no cgroups';
  try {
    makeCgroups('session-sidecar-test');
  } catch {
    return 'it may not create cgroups';
  } finally {
    await removeCgroups('session-sidecar-test');
  }
}

/** Lays programs over /usr, makes a network of one node, and hides settings of the machine that the kubelet would change. */
export function isolate({ usr, directory }) {
  // Pods get their mounts by propagation.
  run('mount', '--make-rshared', '/');
  run('mount', '-t', 'overlay', '-o', `lowerdir=${usr}:/usr`, 'overlay', '/usr');
  run('ip', 'link', 'set', 'lo', 'up');
  run('ip', 'link', 'add', 'node0', 'type', 'veth', 'peer', 'name', 'node0x');
  run('ip', 'link', 'set', 'node0x', 'up');
  run('ip', 'address', 'add', `${nodeAddress}/24`, 'dev', 'node0');
  run('ip', 'link', 'set', 'node0', 'up');
  run('ip', 'route', 'add', 'default', 'dev', 'node0');
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
  const bridges = '/proc/sys/net/bridge/bridge-nf-call-iptables';
  if (existsSync(bridges)) writeFileSync(bridges, '1');
  hideSettings(join(directory, 'sys'));
}

/** The kubelet wants these values and finds them, so it leaves the machine's alone. */
function hideSettings(directory) {
  const wanted = {
    'vm/overcommit_memory': 1,
    'vm/panic_on_oom': 0,
    'kernel/panic': 10,
    'kernel/panic_on_oops': 1,
    'kernel/keys/root_maxkeys': 1_000_000,
    'kernel/keys/root_maxbytes': 25_000_000,
  };
  mkdirSync(directory);
  for (const [setting, value] of Object.entries(wanted)) {
    const file = join(directory, basename(setting));
    writeFileSync(file, `${value}\n`);
    run('mount', '--bind', file, join('/proc/sys', setting));
  }
}

/** The folders of a cgroup: one per hierarchy with version 1, a single one with version 2. */
function cgroupFolders(name) {
  if (existsSync(join(cgroups, 'cgroup.controllers'))) return [join(cgroups, name)];
  const hierarchies = readdirSync(cgroups, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return hierarchies.map((hierarchy) => join(cgroups, hierarchy.name, name));
}

export function makeCgroups(name) {
  for (const folder of cgroupFolders(name)) {
    mkdirSync(folder, { recursive: true });
    // With version 1, a new cpuset is empty, and takes no process.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const above = join(folder, '..', file);
      if (basename(join(folder, '..')) === 'cpuset' && existsSync(above))
        writeFileSync(join(folder, file), readFileSync(above));
    }
  }
}

/** Removes cgroups when the kernel has ended what was in them. */
export async function removeCgroups(name) {
  for (const folder of cgroupFolders(name)) {
    for (let attempt = 0; existsSync(folder) && attempt < 100; attempt++) {
      removeEmpty(folder);
      if (existsSync(folder)) await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function removeEmpty(folder) {
  const below = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory());
  const deepestFirst = below.map((entry) => join(entry.parentPath, entry.name)).sort((a, b) => b.length - a.length);
  for (const one of [...deepestFirst, folder]) {
    try {
      rmdirSync(one);
    } catch {
      // A process in it has not ended yet.
    }
  }
}
