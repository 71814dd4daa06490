import { isIPv4 } from 'node:net';
import type { GrpcAddress } from '../../grpc/listening/address';
import { parseHostAndPort } from '../../host-and-port';
import type { HostAndPort } from '../../host-and-port';
import { ValueError } from './value-kind';
import type { ValueKind } from './value-kind';

export interface ListenAddress {
  /** `undefined`: every interface. */
  readonly host: string | undefined;
  readonly port: number;
}

export const listenAddress: ValueKind<ListenAddress> = {
  name: 'host:port, or :port for every interface',
  parse(text) {
    if (text.startsWith(':'))
      return { host: undefined, port: parseHostAndPort(`localhost${text}`)?.port ?? refuseAddress(text) };
    return parseHostAndPort(text) ?? refuseAddress(text);
  },
};

/** In lower case. */
export const hostNames: ValueKind<readonly string[]> = {
  name: 'comma-separated list of host names',
  parse: (text) =>
    listOf(text.toLowerCase()).map((name) => {
      if (/^[a-z\d]([a-z\d.-]*[a-z\d])?$/.test(name)) return name;
      throw new ValueError('host names without scheme and port, like inspector.example.com', name);
    }),
};

export const nodes: ValueKind<readonly HostAndPort[]> = {
  name: 'comma-separated list of host:port',
  parse: (text) =>
    listOf(text).map((node) => {
      const address = parseHostAndPort(node);
      if (address !== undefined && address.port > 0) return address;
      // The text may be a URL with a password.
      throw new ValueError('host:port, like 10.0.0.7:6379 or [fd00::7]:6379', node.includes('@') ? undefined : node);
    }),
};

/** Loopback and Unix sockets only: the connection to the app is not encrypted, so it must not be reachable from outside the pod. */
export const grpcAddresses: ValueKind<readonly GrpcAddress[]> = {
  name: 'comma-separated list of host:port on loopback or unix:/path',
  parse: (text) =>
    listOf(text).map((address): GrpcAddress => {
      if (address.startsWith('unix:/')) return { kind: 'unix', path: socketPath(address) };
      const tcp = parseHostAndPort(address);
      if (tcp !== undefined && isLoopback(tcp.host)) return { kind: 'tcp', ...tcp };
      throw new ValueError('loopback, like 127.0.0.1:50051 or [::1]:50051, or unix:/path/to/socket', address);
    }),
};

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** The system would truncate a longer path. */
function socketPath(address: string): string {
  const path = address.slice('unix:'.length);
  if (Buffer.byteLength(path) <= maxSocketPathBytes) return path;
  throw new ValueError(`a path of at most ${maxSocketPathBytes} bytes after unix:`, address);
}

/** On macOS; Linux allows 107. */
const maxSocketPathBytes = 103;

function refuseAddress(text: string): never {
  throw new ValueError('host:port or :port, like 127.0.0.1:9464, [::1]:9464 or :9464', text);
}

function listOf(text: string): string[] {
  return text.split(',').map((item) => item.trim());
}
