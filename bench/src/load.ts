// A load process: the application of one side. Told by its parent what to do, one thing at a time.
import { runRound, sessionOf } from './closed-loop';
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
  if (side === undefined) throw new Error('The load process was not told to start.');
  return side;
}

function operation(i: number, isWrite: boolean): Promise<void> {
  const n = sessionOf(i, sessions);
  return isWrite ? connected().write(n) : connected().read(n);
}

/** Numbers of operations go on where these ended. */
function counted<T extends { readonly operations: number; readonly failed: number }>(outcome: T): T {
  operations += outcome.operations + outcome.failed;
  return outcome;
}

const commands: CommandTable<LoadCommands> = {
  async start({ side: name, target }) {
    side = await sides[name](target);
  },
  async fill({ count, size }) {
    await connected().fill(count, size);
    sessions = count;
  },
  async round(round) {
    return counted(await runRound(round, operations, operation));
  },
  async steady(load) {
    return counted(await runSteady(load, operations, operation));
  },
  async close() {
    await side?.close();
  },
};

serveCommands(commands, async () => side?.close());
