import type { CacheStatistics } from '@session-sidecar/client';
import type { ExpressStore } from '../express-app-protocol';
import type { Size } from '../shop';
import type { WebSideName } from '../web-apps';

/** One way to store sessions, as an application uses it. Runs in a load process. */
export interface Side {
  /** Stores sessions 0 to `count` - 1. */
  fill(count: number, size: Size): Promise<void>;
  /** Acts as a web request that only reads: loads session `n` and looks at one of its values. */
  read(n: number): Promise<void>;
  /** Acts as a web request that writes: loads session `n`, changes a value and stores it. */
  write(n: number): Promise<void>;
  /** The identifiers of the sessions by number, if other processes can reach the sessions by them. */
  readonly ids?: string[];
  readonly cacheStats?: () => CacheStatistics | undefined;
  close(): Promise<void>;
}

export type SideName =
  | 'sidecar'
  | 'sidecar-cached'
  | 'sidecar-small-cache'
  | 'sidecar-validated'
  | 'sidecar-near'
  | 'sidecar-encrypted'
  | 'sidecar-recording'
  | 'two-pods'
  | 'two-pods-cached'
  | 'two-pods-connect-redis'
  | ExpressSideName
  | WebSideName
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

export type ExpressSideName = `express-${ExpressStore}`;
/** In `bench/go`. */
export type GoSideName = `go-${'sidecar' | 'scs' | 'scs-idle' | 'gorilla'}`;
/** In `bench/python`. */
export type PythonSideName = `python-${'sidecar' | 'pyramid' | 'flask' | 'django'}`;
