import type { CacheStatistics } from '@session-sidecar/client';
import type { AppKind } from '../express-app-protocol';
import type { Size } from '../shop';

/** One way to keep sessions, as an application would use it. Lives in a load process of its own. */
export interface Side {
  /** Stores sessions 0 to `count` - 1. */
  fill(count: number, size: Size): Promise<void>;
  /** What a web request that only reads does: load session `n` and look at one of its values. */
  read(n: number): Promise<void>;
  /** What a web request that writes does: the same, then change a value and store that. */
  write(n: number): Promise<void>;
  /** What names the sessions by their numbers, where other processes can use it to reach them too. */
  readonly ids?: string[];
  readonly cacheStats?: () => CacheStatistics | undefined;
  close(): Promise<void>;
}

/** Where the side's servers listen, on loopback. */
export interface Target {
  readonly redisPort: number;
  /** `host:port` of the gRPC server. */
  readonly address: string;
  /** Of the application, where the load is put on it over HTTP. */
  readonly httpUrl?: string;
}

export type SideName =
  | 'sidecar'
  | 'sidecar-cached'
  | 'sidecar-small-cache'
  | 'sidecar-validated'
  | 'sidecar-near'
  | 'two-pods'
  | 'two-pods-cached'
  | 'two-pods-connect-redis'
  | AppSideName
  | GoSideName
  | PythonSideName
  | 'well-behaved'
  | 'unary'
  | 'ioredis-hgetall'
  | 'ioredis-pipelining'
  | 'ioredis-get'
  | 'connect-redis'
  | 'capacity'
  | 'capacity-memory'
  | 'echo';

export type AppSideName = `express-${AppKind}`;
/** In `bench/go`. */
export type GoSideName = `go-${'sidecar' | 'scs' | 'scs-idle' | 'gorilla'}`;
/** In `bench/python`. */
export type PythonSideName = `python-${'sidecar' | 'pyramid' | 'flask' | 'django'}`;
