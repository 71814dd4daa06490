import { lookup as systemLookup } from 'node:dns/promises';
import { BlockList } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { formatHostAndPort } from '../../host-and-port';
import { AddressInUseError, ListenError, problemOf } from './address';
import type { GrpcAddress } from './address';
import type { Listener, ListenerParts } from './listener';
import { listening } from './listener';

type TcpAddress = Extract<GrpcAddress, { kind: 'tcp' }>;

/** All addresses of a name, as `dns.lookup` gives them. */
export type Lookup = (host: string) => Promise<readonly { readonly address: string }[]>;

const lookupAll: Lookup = (host) => systemLookup(host, { all: true, verbatim: true });

/**
 * Listens on every address of a host, on one port, and only on loopback: a name is judged by the addresses it resolves to.
 *
 * @throws AddressInUseError if another process listens there
 * @throws ListenError
 */
export async function listenOnTcp(
  address: TcpAddress,
  parts: ListenerParts,
  lookup: Lookup = lookupAll,
): Promise<Listener> {
  const hosts = await addressesOf(address, lookup);
  const servers: Server[] = [];
  let { port } = address;
  try {
    for (const host of hosts) {
      const server = await listenOnOne(address, { host, port }, parts, servers.length > 0);
      if (server === undefined) continue;
      servers.push(server);
      const bound = server.address() as AddressInfo;
      if (!isLoopback(bound.address)) throw notLoopback(address, bound.address);
      ({ port } = bound);
    }
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }
  return {
    address: formatHostAndPort({ host: address.host, port }),
    stop() {
      for (const server of servers) server.close();
    },
  };
}

async function addressesOf(address: TcpAddress, lookup: Lookup): Promise<readonly string[]> {
  const found = await lookup(address.host).catch((cause: unknown) => {
    throw new ListenError(address, `the name cannot be resolved (${problemOf(cause)}).`, undefined, { cause });
  });
  const hosts = [...new Set(found.map((one) => one.address))];
  const foreign = hosts.find((host) => !isLoopback(host));
  if (foreign !== undefined) throw notLoopback(address, foreign);
  return hosts;
}

/** @returns `undefined` for a further address of the host that this machine does not have, for example ::1 without IPv6 */
async function listenOnOne(
  address: TcpAddress,
  { host, port }: { readonly host: string; readonly port: number },
  { onSocket, backlog }: ListenerParts,
  isFurther: boolean,
): Promise<Server | undefined> {
  try {
    return await listening({ host, port, backlog }, onSocket);
  } catch (error) {
    const problem = problemOf(error);
    if (problem === 'EADDRINUSE') throw new AddressInUseError(undefined, { cause: error });
    if (isFurther && (problem === 'EADDRNOTAVAIL' || problem === 'EAFNOSUPPORT')) return undefined;
    throw new ListenError(address, `${problem}.`, undefined, { cause: error });
  }
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Including IPv4 addresses in IPv6 notation. */
function isLoopback(host: string): boolean {
  return loopback.check(host, host.includes(':') ? 'ipv6' : 'ipv4');
}

function notLoopback(address: TcpAddress, bound: string): ListenError {
  return new ListenError(
    address,
    `${address.host} resolves to ${bound}, which is reachable from outside the pod. Use 127.0.0.1 or [::1].`,
  );
}
