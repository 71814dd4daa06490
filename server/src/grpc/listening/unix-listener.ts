import { chmodSync, chownSync, linkSync, lstatSync, renameSync, rmSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { connect } from 'node:net';
import { basename, dirname, join } from 'node:path';
import type { SettingId } from '../../setting-names';
import { AddressInUseError, ListenError, problemOf } from './address';
import type { GrpcAddress } from './address';
import { listening } from './listener';
import type { Listener, ListenerParts } from './listener';

type UnixAddress = Extract<GrpcAddress, { kind: 'unix' }>;

/** Who may connect to a Unix socket. */
export interface SocketAccess {
  readonly mode: number;
  /** Numeric user id. `undefined`: the user of the process. */
  readonly owner: number | undefined;
  /** Numeric group id. `undefined`: the group of the process. */
  readonly group: number | undefined;
}

/**
 * Listens on a Unix socket. The socket is bound under a temporary name and moved to its path in one step, with its mode and owner:
 * clients find either the previous file or a socket that accepts them. A socket file without a listening process is replaced; one
 * of a running process never is.
 *
 * @throws AddressInUseError if another process listens there
 * @throws ListenError
 */
export async function listenOnUnixSocket(
  address: UnixAddress,
  { onSocket, backlog }: ListenerParts,
  access: SocketAccess,
): Promise<Listener> {
  const { path } = address;
  const stale = await staleSocket(address);
  const fresh = join(dirname(path), freshName(basename(path)));
  const server = await listening({ path: fresh, backlog }, onSocket).catch((cause: unknown) => {
    throw new ListenError(address, `${describe(problemOf(cause), path)}.`, undefined, { cause });
  });
  let ours: Stats;
  try {
    admit(address, fresh, access);
    ours = lstatSync(fresh);
    if (stale !== undefined) removeStale(path, stale);
    putInPlace(address, fresh);
  } catch (error) {
    server.close();
    throw error;
  } finally {
    rmSync(fresh, { force: true });
  }
  return {
    address: `unix:${path}`,
    stop() {
      // No new connection is possible from here on. Waiting ones are accepted in the next turn of the event loop; closing at once
      // would reset them.
      if (isSame(statsOf(path), ours)) rmSync(path, { force: true });
      setImmediate(() => server.close());
    },
  };
}

/**
 * Only a refused connection proves that nothing listens: with a full backlog the error is EAGAIN, with a process of another user
 * EACCES.
 *
 * @returns the socket file that a process left behind, if there is one
 */
async function staleSocket(address: UnixAddress): Promise<Stats | undefined> {
  const { path } = address;
  const found = statsOf(path);
  if (found === undefined) return undefined;
  if (!found.isSocket()) throw new ListenError(address, 'the path exists and is not a socket.');
  const problem = await problemOfConnecting(path);
  if (problem === 'ECONNREFUSED') return found;
  if (problem === 'ENOENT') return undefined;
  if (problem === undefined || problem === 'EAGAIN') throw new AddressInUseError();
  throw new ListenError(address, `a socket exists, and it is unknown whether a process listens on it (${problem}).`);
}

function problemOfConnecting(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error) => resolve(problemOf(error)));
  });
}

/** In the same directory and not longer, because the system limits a path to about a hundred bytes. */
function freshName(name: string): string {
  const length = Math.min(Math.max(Buffer.byteLength(name), 1), 10);
  return Array.from({ length }, () => Math.floor(Math.random() * 36).toString(36)).join('');
}

/** Before the socket has its final name. */
function admit(address: UnixAddress, fresh: string, { mode, owner, group }: SocketAccess): void {
  const attempt = (setting: SettingId, what: string, change: () => void): void => {
    try {
      change();
    } catch (cause) {
      throw new ListenError(address, `cannot set ${what} (${problemOf(cause)}).`, setting, { cause });
    }
  };
  if (owner !== undefined) attempt('grpcSocketOwner', `the owner ${owner}`, () => chownSync(fresh, owner, -1));
  if (group !== undefined) attempt('grpcSocketGroup', `the group ${group}`, () => chownSync(fresh, -1, group));
  attempt('grpcSocketMode', `the mode ${mode.toString(8)}`, () => chmodSync(fresh, mode));
}

/** Moves the file away before comparing it, so that two processes that start together cannot remove each other's socket. */
function removeStale(path: string, stale: Stats): void {
  if (!isSame(statsOf(path), stale)) throw new AddressInUseError();
  const taken = join(dirname(path), freshName(basename(path)));
  renameSync(path, taken);
  try {
    if (isSame(statsOf(taken), stale)) return;
    // Another process has created its socket meanwhile.
    linkSync(taken, path);
    throw new AddressInUseError();
  } finally {
    rmSync(taken, { force: true });
  }
}

/** Unlike a rename, a link fails if the file exists. */
function putInPlace(address: UnixAddress, fresh: string): void {
  try {
    linkSync(fresh, address.path);
  } catch (cause) {
    const problem = problemOf(cause);
    if (problem === 'EEXIST') throw new AddressInUseError();
    // Not every file system has hard links.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(problem)) {
      throw new ListenError(address, `${problem}.`, undefined, { cause });
    }
    if (statsOf(address.path) !== undefined) throw new AddressInUseError();
    renameSync(fresh, address.path);
  }
}

function statsOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function isSame(one: Stats | undefined, other: Stats): boolean {
  return one?.ino === other.ino && one.dev === other.dev;
}

/** Node.js reports a missing directory as a lack of permission. */
function describe(problem: string, path: string): string {
  const directory = dirname(path);
  if (statsOf(directory) === undefined) return `there is no directory ${directory}`;
  return problem === 'EACCES' ? `this user may not create files in ${directory} (EACCES)` : problem;
}
