export { SidecarStore } from './sidecar-store';
export type { SidecarStoreOptions } from './sidecar-store';
export { connectRedisSessions } from './connect-redis-sessions';
export type { ConnectRedisOptions, RedisClient } from './connect-redis-sessions';
export type { SessionSource, SourceSession } from './session-source';
