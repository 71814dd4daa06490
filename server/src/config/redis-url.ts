import { formatHostAndPort } from '../host-and-port';
import type { HostAndPort } from '../host-and-port';
import { ValueError } from './values';
import type { ValueKind } from './values';

/** The location of one Redis, from a URL. */
export interface RedisUrl {
  readonly target: HostAndPort | { readonly socketPath: string };
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number | undefined;
}

/**
 * `redis:` and `rediss:` as in https://www.iana.org/assignments/uri-schemes/prov/redis; `unix:` as in most clients. Any part may be
 * a misplaced secret, so errors repeat none.
 */
export const redisUrl: ValueKind<RedisUrl> = {
  name: 'redis://, rediss:// or unix:// URL',
  parse(text) {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !protocols.has(url.protocol))
      throw new ValueError('a URL like redis://host:6379/0, rediss://… or unix:///path');
    // ioredis would interpret others in unexpected ways.
    if (url.hash !== '' || [...url.searchParams.keys()].some((name) => name !== 'db')) {
      throw new ValueError(
        'a URL without # and without parameters other than db; in user and password, special characters must be percent-encoded',
      );
    }
    return {
      target: url.protocol === 'unix:' ? socketOf(url) : hostOf(url),
      tls: url.protocol === 'rediss:',
      username: decoded(url.username),
      password: decoded(url.password),
      db: databaseOf(url),
    };
  },
};

/** The URL without credentials: `***` stands for them. That of a socket can have none. */
export function withoutCredentials({ target, tls, username, password, db }: RedisUrl): string {
  if ('socketPath' in target) return `unix://${encodeURI(target.socketPath)}${db === undefined ? '' : `?db=${db}`}`;
  const login = username === undefined && password === undefined ? '' : '***@';
  const scheme = tls ? 'rediss' : 'redis';
  return `${scheme}://${login}${formatHostAndPort(target)}${db === undefined ? '' : `/${db}`}`;
}

const protocols = new Set(['redis:', 'rediss:', 'unix:']);

function hostOf({ hostname, port }: URL): HostAndPort {
  if (hostname === '' || port === '0') throw new ValueError('a host in the URL, like redis://host:6379/0');
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 6379 : Number(port) };
}

function socketOf({ host, pathname }: URL): { socketPath: string } {
  const socketPath = decoded(pathname);
  if (host !== '' || !socketPath?.startsWith('/'))
    throw new ValueError('an absolute path in the URL, like unix:///run/redis.sock');
  return { socketPath };
}

function databaseOf({ protocol, pathname, searchParams }: URL): number | undefined {
  const inPath = protocol === 'unix:' ? '' : pathname.slice(1);
  const all = [inPath, ...searchParams.getAll('db')].filter((text) => text !== '');
  const [database] = all;
  if (database === undefined) return undefined;
  if (all.length > 1 || !/^\d{1,5}$/.test(database)) {
    throw new ValueError('one number of a database at the end of the URL, like redis://host:6379/0');
  }
  return Number(database);
}

/** @returns `undefined` for a missing part */
function decoded(part: string): string | undefined {
  if (part === '') return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ValueError('a URL in which every % begins a percent-encoded character, as %25 does');
  }
}
