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
 * Listens on a Unix socket. It is bound under a name of its own and gets its place, with its mode and owner, in one step:
 * clients find either what was there before or a socket that accepts them. A socket file on which nothing listens is
 * replaced; one on which another process listens never is.
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
      // Nothing new finds the socket from here on. Connections that wait to be accepted are accepted in the next turn of the
      // event loop; closing at once would reset them.
      if (isSame(statsOf(path), ours)) rmSync(path, { force: true });
      setImmediate(() => server.close());
    },
  };
}

/**
 * Only a refused connection proves that nothing listens: a process whose backlog is full answers EAGAIN, and one of another
 * user EACCES.
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

/** In the same directory, and no longer: the system allows about a hundred bytes for the whole path. */
function freshName(name: string): string {
  const length = Math.min(Math.max(Buffer.byteLength(name), 1), 10);
  return Array.from({ length }, () => Math.floor(Math.random() * 36).toString(36)).join('');
}

/** As long as the socket has a name that nothing knows. */
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

/** Takes the file away first and looks at what it took, so that two processes that start together cannot remove each other's. */
function removeStale(path: string, stale: Stats): void {
  if (!isSame(statsOf(path), stale)) throw new AddressInUseError();
  const taken = join(dirname(path), freshName(basename(path)));
  renameSync(path, taken);
  try {
    if (isSame(statsOf(taken), stale)) return;
    // Another process put its socket there meanwhile.
    linkSync(taken, path);
    throw new AddressInUseError();
  } finally {
    rmSync(taken, { force: true });
  }
}

/** Unlike a rename, a link fails where a file is. */
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

/** Node.js reports a directory that is missing as one that may not be written to. */
function describe(problem: string, path: string): string {
  const directory = dirname(path);
  if (statsOf(directory) === undefined) return `there is no directory ${directory}`;
  return problem === 'EACCES' ? `this user may not create files in ${directory} (EACCES)` : problem;
}
