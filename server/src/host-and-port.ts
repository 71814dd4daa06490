import { isIPv6 } from 'node:net';

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** @returns `undefined` when the text is not `host:port`, with brackets around an IPv6 address. */
export function parseHostAndPort(text: string): HostAndPort | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:\s/@[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const isHost = host !== undefined && (bracketed === undefined || isIPv6(host));
  return isHost && Number(port) <= 65_535 ? { host, port: Number(port) } : undefined;
}

export function formatHostAndPort({ host, port }: HostAndPort): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
