import { ValueError } from './values';
import type { HostAndPort, ValueKind } from './values';

/** Where one Redis is, as a URL says it. */
export interface RedisUrl {
  readonly target: HostAndPort | { readonly socketPath: string };
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number | undefined;
}

/** `redis:` and `rediss:` as https://www.iana.org/assignments/uri-schemes/prov/redis has them; `unix:` as most clients do. */
export const redisUrl: ValueKind<RedisUrl> = {
  name: 'redis://, rediss:// or unix:// URL',
  parse(text) {
    // The whole of it may be a secret, so errors do not repeat it.
    const url = parseOrNull(text);
    if (url === null) throw new ValueError('a URL like redis://host:6379/0');
    const database = url.protocol === 'unix:' ? url.searchParams.get('db') : url.pathname.slice(1);
    return {
      target: targetOf(url),
      tls: url.protocol === 'rediss:',
      username: url.username === '' ? undefined : decodeURIComponent(url.username),
      password: url.password === '' ? undefined : decodeURIComponent(url.password),
      db: database === null || database === '' ? undefined : databaseOf(database),
    };
  },
};

function parseOrNull(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

function targetOf(url: URL): RedisUrl['target'] {
  switch (url.protocol) {
    case 'redis:':
    case 'rediss:':
      if (url.hostname === '') throw new ValueError('a host in the URL, like redis://host:6379/0');
      return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 6379 : Number(url.port) };
    case 'unix:':
      return { socketPath: decodeURIComponent(url.pathname) };
    default:
      throw new ValueError('a URL that begins with redis://, rediss:// or unix://', url.protocol);
  }
}

function databaseOf(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new ValueError('the number of a database at the end of the URL, like redis://host:6379/0');
  return Number(text);
}
