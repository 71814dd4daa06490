import type { Attack } from './attack';
import { idleConnections, slowConnections, slowHttp } from './connections';
import { emptySessions, flashQueues, tinyKeys } from './fill';
import { healthWatch } from './health-watch';
import { appends, appendsToSpace, setIfAbsent } from './large-effects';
import { emptyCalls, emptyMutations } from './large-requests';
import { damagedRecord, illegalMetadata } from './log-floods';
import { pipelinedPages, scrapers } from './metrics-pages';
import { unknownMethods } from './pipelines';
import { unreadPipelines, unreadUnary } from './unread';

/** Every attack by its name in row ids. */
export const attacks = {
  'empty-mutations': emptyMutations,
  'empty-calls': emptyCalls,
  'unknown-methods': unknownMethods,
  'set-if-absent': setIfAbsent,
  'set-if-absent-redis': setIfAbsent,
  append: appends,
  'append-memory': appends,
  'append-to-space': appendsToSpace,
  'unread-unary': unreadUnary,
  'unread-pipelines': unreadPipelines,
  'idle-connections': idleConnections(9500),
  'few-descriptors': idleConnections(2000),
  'slow-connections': slowConnections,
  'slow-http': slowHttp,
  'pipelined-pages': pipelinedPages,
  scrapers: scrapers,
  'health-watch': healthWatch,
  'tiny-keys': tinyKeys,
  'flash-queues': flashQueues,
  'empty-sessions': emptySessions,
  'damaged-record': damagedRecord,
  'illegal-metadata': illegalMetadata,
} as const satisfies Record<string, Attack>;

export type AttackName = keyof typeof attacks;
