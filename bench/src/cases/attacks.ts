import type { AttackName } from '../attacks';
import { attackCase } from './attack';
import type { AttackOptions } from './attack-rows';
import type { Case } from './case';

const attackOptions: Readonly<Record<AttackName, AttackOptions>> = {
  'empty-mutations': { store: 'memory', what: 'CreateSession requests of 4 MiB of empty mutations' },
  'empty-calls': { store: 'memory', what: 'Pipeline frames of 4 MiB of empty calls on 4 streams' },
  'unknown-methods': {
    store: 'redis',
    what: 'waves of 6,000 Pipeline streams with unknown methods, while the reads of 16 others occupy every call slot',
  },
  'set-if-absent': { store: 'memory', what: 'requests of 1,000 set_if_absent on one key of 250 KiB' },
  'set-if-absent-redis': { store: 'redis', what: 'requests of 1,000 set_if_absent on one key of 250 KiB' },
  append: { store: 'redis', clientIsElsewhere: true, what: 'requests of 999 appends to an array of 200 KB' },
  'append-memory': { store: 'memory', what: 'requests of 999 appends to an array of 200 KB' },
  'append-to-space': { store: 'memory', what: 'requests of 999 appends to an array of 120 KiB of spaces' },
  'unread-unary': { store: 'memory', what: '1,000 unary replies of 250 KiB that are not read' },
  'unread-pipelines': { store: 'memory', what: '8 Pipeline streams of replies of 250 KiB that are not read' },
  'idle-connections': { store: 'memory', what: '9,500 idle gRPC connections' },
  'few-descriptors': {
    store: 'memory',
    openFiles: 1024,
    what: '2,000 idle gRPC connections to a process that may open 1,024 files',
  },
  'slow-connections': { store: 'memory', what: '2,000 connections that never finish a preface or a frame' },
  'slow-http': { store: 'memory', what: '2,000 HTTP requests that send a header a second' },
  'pipelined-pages': { store: 'memory', what: '680 KB of pipelined GET /metrics on one connection' },
  scrapers: { store: 'memory', what: 'GET /metrics without a pause on 500 connections' },
  'health-watch': { store: 'memory', what: '400 concurrent Health/Watch calls, each with a new service name of 1 MiB' },
  'tiny-keys': { store: 'memory', what: 'filling the store with sessions of 1,000 tiny keys' },
  'flash-queues': { store: 'memory', what: 'filling the store with sessions of 1,000 flash queues' },
  'empty-sessions': { store: 'memory', what: 'filling the store with empty sessions' },
  'damaged-record': { store: 'redis', hasLogRow: true, what: 'reads of a damaged record without a pause' },
  'illegal-metadata': { store: 'memory', hasLogRow: true, what: 'calls with illegal metadata without a pause' },
};

/** Every attack. A quick run leaves them out unless a pattern selects them. */
export const attackCases: readonly Case[] = (Object.keys(attackOptions) as AttackName[]).map((name) =>
  attackCase(name, attackOptions[name]),
);
