// A load process: the application of one side. Its parent sends it commands, one at a time.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { runRound, sessionOf } from './closed-loop';
import type { Opened, RoundOutcome } from './closed-loop';
import type { LoadCommands } from './load-protocol';
import { sides } from './sides';
import type { Side } from './sides/side';
import { runSteady } from './steady-load';
import { serveCommands } from './worker-protocol';
import type { CommandTable } from './worker-protocol';

let side: Side | undefined;
let sessions = 0;
let operations = 0;

function connected(): Side {
  if (side === undefined) throw new Error('The load process received a command before start.');
  return side;
}

function operationWith(hotShare?: number) {
  return (i: number, isWrite: boolean): Promise<void> => {
    const n = sessionOf(i, sessions, hotShare);
    return isWrite ? connected().write(n) : connected().read(n);
  };
}

/** Lets the next round continue with the next operation. */
function counted<T extends { readonly operations: number; readonly failed: number }>(outcome: T): T {
  operations += outcome.operations + outcome.failed;
  return outcome;
}

/** Adds how sessions were opened during `work`, if the client has a cache. */
async function withOpened(work: () => Promise<RoundOutcome>): Promise<RoundOutcome> {
  const { cacheStats } = connected();
  const before = cacheStats?.();
  const outcome = await work();
  const after = cacheStats?.();
  if (before === undefined || after === undefined) return outcome;
  const since = (name: keyof Opened): number => after[name] - before[name];
  return { ...outcome, opened: { live: since('live'), validated: since('validated'), missed: since('missed') } };
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

const commands: CommandTable<LoadCommands> = {
  async start({ side: name, target }) {
    const start = sides[name as keyof typeof sides];
    side = await start(target);
  },
  async fill({ count, size }) {
    await connected().fill(count, size);
    sessions = count;
  },
  ids() {
    return connected().ids ?? [];
  },
  adopt({ ids, firstOperation }) {
    const { ids: own } = connected();
    if (own === undefined) throw new Error('This side cannot use sessions of another process.');
    own.splice(0, own.length, ...ids);
    sessions = ids.length;
    operations = firstOperation;
  },
  round({ hotShare, ...round }) {
    return withOpened(async () => counted(await runRound(round, operations, operationWith(hotShare))));
  },
  memory() {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    const { bytes = 0, sessions: cachedSessions = 0 } = connected().cacheStats?.() ?? {};
    return { usedBytes: heapUsed + external, cachedBytes: bytes, cachedSessions };
  },
  async steady(load) {
    return counted(await runSteady(load, operations, operationWith()));
  },
  async close() {
    await side?.close();
  },
};

serveCommands(commands, async () => side?.close());
