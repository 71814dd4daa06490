// A load process: the application of one side. Told by its parent what to do, one thing at a time.
import { runRound, sessionOf } from './closed-loop';
import type { AnswerOf, LoadCommand, LoadReply, LoadRequest, OptionsOf } from './load-protocol';
import { sides } from './sides';
import type { Side } from './sides/side';

let side: Side | undefined;
let sessions = 0;
let operations = 0;

function connected(): Side {
  if (side === undefined) throw new Error('The load process was not told to start.');
  return side;
}

const commands: { readonly [C in LoadCommand]: (options: OptionsOf<C>) => AnswerOf<C> | Promise<AnswerOf<C>> } = {
  async start({ side: name, target }) {
    side = await sides[name](target);
  },
  async fill({ count, size }) {
    await connected().fill(count, size);
    sessions = count;
  },
  async round(round) {
    const current = connected();
    const outcome = await runRound(round, operations, (i, isWrite) => {
      const n = sessionOf(i, sessions);
      return isWrite ? current.write(n) : current.read(n);
    });
    operations += outcome.operations + outcome.failed;
    return outcome;
  },
  async close() {
    await side?.close();
  },
};

process.on('message', (request: LoadRequest) => {
  const run = commands[request.command] as (options: unknown) => unknown;
  Promise.resolve(request.options)
    .then(run)
    .then(
      (answer): LoadReply => ({ answer }),
      (error: unknown): LoadReply => ({
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
    )
    .then((reply) => {
      // After the last answer nothing keeps the process alive.
      process.send?.(reply, () => request.command === 'close' && process.disconnect());
    })
    .catch((error: unknown) => {
      throw error;
    });
});
// Without its parent it has nothing to do, and its connections would keep it alive.
process.once('disconnect', () => void side?.close().catch(() => undefined));
