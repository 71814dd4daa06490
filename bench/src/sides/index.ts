import { clientSide } from './client';
import { connectRedisSide } from './connect-redis';
import { ioredisGet, ioredisHgetall, ioredisPipelining } from './ioredis';
import { rawHttp2Side } from './raw-http2';
import type { Side, SideName, Target } from './side';

/** Connects a side to its servers. */
export const sides: Readonly<Record<SideName, (target: Target) => Side | Promise<Side>>> = {
  sidecar: (target) => clientSide(target, 'pipeline'),
  'sidecar-near': (target) => clientSide(target, 'pipeline'),
  unary: (target) => clientSide(target, 'unary'),
  'ioredis-hgetall': ioredisHgetall,
  'ioredis-pipelining': ioredisPipelining,
  'ioredis-get': ioredisGet,
  'connect-redis': connectRedisSide,
  capacity: (target) => rawHttp2Side(target, true),
  'capacity-memory': (target) => rawHttp2Side(target, true),
  echo: (target) => rawHttp2Side(target, false),
};
