import { clientSide } from './client';
import { connectRedisSide } from './connect-redis';
import { ioredisGet, ioredisHgetall, ioredisPipelining } from './ioredis';
import { rawHttp2Side } from './raw-http2';
import type { Side, SideName, Target } from './side';

/** A machine that stalls shall show in the latencies, not in calls that failed. */
const timeoutMs = 10_000;

/** Connects a side to its servers. */
export const sides: Readonly<Record<SideName, (target: Target) => Side | Promise<Side>>> = {
  sidecar: (target) => clientSide(target, { timeoutMs }),
  'sidecar-near': (target) => clientSide(target, { timeoutMs }),
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
