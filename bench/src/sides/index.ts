import { forWebSides } from '../web-apps';
import { clientSide } from './client';
import { connectRedisSide } from './connect-redis';
import { httpSide } from './http';
import { ioredisGet, ioredisHgetall, ioredisPipelining } from './ioredis';
import { rawHttp2Side } from './raw-http2';
import type { Target } from '../target';
import type { GoSideName, PythonSideName, Side, SideName } from './side';

/** A machine that stalls must show up as latency, not as failed calls. */
const timeoutMs = 10_000;

/** Room for all sessions of a run, so that hit rates depend only on changes. */
const cache = { maxBytes: 2 ** 30 };
/** Room for about 20 % of 10,000 sessions of 300 bytes. */
const smallCache = { maxBytes: 8 * 2 ** 20 };

/** Connects a side to its servers. */
export const sides: Readonly<
  Record<Exclude<SideName, GoSideName | PythonSideName>, (target: Target) => Side | Promise<Side>>
> = {
  sidecar: (target) => clientSide(target, { timeoutMs }),
  'sidecar-cached': (target) => clientSide(target, { timeoutMs, cache }),
  'sidecar-small-cache': (target) => clientSide(target, { timeoutMs, cache: smallCache }),
  'sidecar-validated': (target) => clientSide(target, { timeoutMs, cache }),
  'sidecar-near': (target) => clientSide(target, { timeoutMs }),
  'sidecar-encrypted': (target) => clientSide(target, { timeoutMs }),
  'sidecar-recording': (target) => clientSide(target, { timeoutMs }),
  'two-pods': (target) => clientSide(target, { timeoutMs }),
  'two-pods-cached': (target) => clientSide(target, { timeoutMs, cache }),
  'two-pods-connect-redis': connectRedisSide,
  'express-sidecar': httpSide,
  'express-cached': httpSide,
  'express-connect-redis': httpSide,
  ...forWebSides(() => httpSide),
  'well-behaved': (target) => clientSide(target),
  unary: (target) => clientSide(target, { transport: 'unary', timeoutMs }),
  'ioredis-hgetall': ioredisHgetall,
  'ioredis-pipelining': ioredisPipelining,
  'ioredis-get': ioredisGet,
  'connect-redis': connectRedisSide,
  capacity: (target) => rawHttp2Side(target, true),
  'capacity-memory': (target) => rawHttp2Side(target, true),
  echo: (target) => rawHttp2Side(target, false),
};
