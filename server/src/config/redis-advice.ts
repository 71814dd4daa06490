import type { NameOf } from './settings';
import type { SettingId } from '../setting-names';

/** Settings that an error of the Redis connection concerns, and what to do about it. */
interface Advice {
  readonly settings: readonly SettingId[];
  readonly text: string;
}

const location = ['redisUrl', 'redisClusterNodes', 'redisSentinels'] as const;
const oneSidedTls =
  'The connection breaks off at once if TLS is on at one end only. Use rediss:// (or REDIS_TLS=on) for a port of Redis that expects TLS, and redis:// for one that does not.';
const notTrusted = 'The certificate of Redis was not signed by a trusted authority. Name a file with that authority.';

/** By the code of a Node.js error, or its beginning. */
const byCode: readonly (readonly [code: RegExp, advice: Advice])[] = [
  [/^ENOTFOUND$/, { settings: location, text: 'The host name does not exist. Check its spelling.' }],
  [/^EAI_/, { settings: location, text: 'The host name cannot be resolved now. Check the name server.' }],
  [
    /^ECONNREFUSED$/,
    { settings: location, text: 'Nothing listens there. Check host and port, and whether Redis runs.' },
  ],
  [
    /^(EHOSTUNREACH|ENETUNREACH)$/,
    { settings: location, text: 'There is no route to that host. Check the network policy.' },
  ],
  [/^ENOENT$/, { settings: location, text: 'There is no such socket. Check the path, and whether Redis runs.' }],
  [
    /^(EACCES|EPERM)$/,
    { settings: location, text: 'This user may not use that socket. Check the permissions of the path.' },
  ],
  [
    /^ETIMEDOUT$/,
    {
      settings: location,
      text: 'There was no answer. Check host, port and network policy, and that TLS is on at both ends or at neither.',
    },
  ],
  [/^(DEPTH_ZERO_)?SELF_SIGNED_CERT|^UNABLE_TO_(VERIFY|GET)/, { settings: ['redisTlsCaFile'], text: notTrusted }],
  [
    /^CERT_/,
    { settings: ['redisTlsCaFile'], text: 'The certificate of Redis is not valid. Renew it, or check the clock.' },
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    { settings: location, text: 'The certificate of Redis is for another host name. Use a name that it has.' },
  ],
  [
    /^(EPROTO|ECONNRESET|EPIPE|ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG)$/,
    { settings: ['redisTls'], text: oneSidedTls },
  ],
  [
    /^ERR_SSL_.*ALERT|^ERR_SSL_.*HANDSHAKE/,
    {
      settings: ['redisTlsCertFile', 'redisTlsKeyFile'],
      text: 'Redis refused the TLS connection. Does it ask for a client certificate?',
    },
  ],
];

/** By the first word of an error reply of Redis. */
const byReply: Readonly<Record<string, Advice>> = {
  WRONGPASS: {
    settings: ['redisUsername', 'redisPassword', 'redisUrl'],
    text: 'Redis does not accept this user with this password.',
  },
  NOAUTH: { settings: ['redisPassword'], text: 'Redis asks for a password. Set it.' },
  NOPERM: {
    settings: ['redisUsername', 'redisUrl'],
    text: 'The ACL user lacks a permission; docs/reference/storage.md lists what it needs.',
  },
  DENIED: { settings: ['redisPassword'], text: 'Redis runs in protected mode. Set a password there and here.' },
};

interface RedisError extends Error {
  readonly code?: string;
  readonly command?: { readonly name: string };
  readonly errors?: readonly unknown[];
  readonly lastNodeError?: unknown;
}

/**
 * Advice about an error of the Redis connection.
 *
 * @returns the settings and what to do, in one line; `undefined` if there is no advice
 */
export function redisAdvice(error: Error, nameOf: NameOf, isSet: (id: SettingId) => boolean): string | undefined {
  const advice = adviceFor(error);
  if (advice === undefined) return undefined;
  const set = advice.settings.filter((id) => isSet(id));
  // A URL combines several settings; a separate one is more precise.
  const precise = set.length > 1 ? set.filter((id) => id !== 'redisUrl') : set;
  const named = precise.length > 0 ? precise : advice.settings.slice(0, 1);
  return `${named.map(nameOf).join(' and ')}: ${advice.text}`;
}

function adviceFor(error: RedisError): Advice | undefined {
  const { name, message, code = '', command, cause, errors = [], lastNodeError } = error;
  if (command?.name === 'select') {
    return {
      settings: ['redisDb', 'redisUrl'],
      text: 'Redis does not have a database of that number; its own setting `databases` says how many there are.',
    };
  }
  if (name === 'ReplyError') {
    if (message.includes('No such master')) return unknownMaster;
    if (message.includes('cluster support disabled')) {
      return { settings: ['redisClusterNodes'], text: 'That Redis is not a Cluster. Set REDIS_URL instead.' };
    }
    if (/without any password configured|no password is set/i.test(message)) {
      return { settings: ['redisPassword'], text: 'Redis has no password. Remove it here, or set one there.' };
    }
    return byReply[/^[A-Z]+/.exec(message)?.[0] ?? ''];
  }
  // A TLS server answers plain text with an alert, which ioredis reports like this.
  if (name === 'ParserError') return { settings: ['redisTls'], text: oneSidedTls };
  if (message.startsWith('Client network socket disconnected before secure TLS'))
    return { settings: ['redisTls'], text: oneSidedTls };
  if (message.startsWith('All sentinels are unreachable')) return sentinelAdvice(message);
  const found = byCode.find(([pattern]) => pattern.test(code))?.[1];
  if (found !== undefined) return found;
  const inner = [cause, lastNodeError, ...errors].filter((one) => one instanceof Error);
  for (const one of inner) {
    const advice = adviceFor(one);
    if (advice !== undefined) return advice;
  }
  return name === 'ClusterAllFailedError' ? unreachableCluster : undefined;
}

const unreachableCluster: Advice = {
  settings: ['redisClusterNodes'],
  text: 'No node of the Cluster can be reached. Check hosts and ports.',
};

const unknownMaster: Advice = {
  settings: ['redisSentinelMaster'],
  text: 'The Sentinels do not know a master of that name.',
};

/** ioredis gives the reason in the text only, and none if the Sentinels do not know the master. */
function sentinelAdvice(message: string): Advice {
  if (!message.includes('Last error:') || message.includes('No such master')) return unknownMaster;
  if (/WRONGPASS|NOAUTH|NOPERM/.test(message)) {
    return {
      settings: ['redisSentinelUsername', 'redisSentinelPassword'],
      text: 'The Sentinels do not accept this user with this password.',
    };
  }
  return { settings: ['redisSentinels'], text: 'No Sentinel can be reached. Check hosts and ports.' };
}
