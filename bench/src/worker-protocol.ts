/** Commands to the benchmark's own processes, and their answers. `Commands` has a function for each command. */

export type CommandOf<Commands> = keyof Commands & string;
type Function = (options: never) => unknown;
export type OptionsOf<Commands, C extends keyof Commands> = Commands[C] extends Function
  ? Parameters<Commands[C]>[0]
  : never;
export type AnswerOf<Commands, C extends keyof Commands> = Commands[C] extends Function
  ? ReturnType<Commands[C]>
  : never;

export type WorkerReply = { readonly answer: unknown } | { readonly error: string };

interface WorkerRequest {
  readonly command: string;
  readonly options: unknown;
}

export type CommandTable<Commands> = {
  readonly [C in keyof Commands]: (
    options: OptionsOf<Commands, C>,
  ) => AnswerOf<Commands, C> | Promise<AnswerOf<Commands, C>>;
};

/** Makes this process a worker. It ends after the command `close`, and without its parent. */
export function serveCommands<Commands extends { close: unknown }>(
  commands: CommandTable<Commands>,
  close: () => Promise<void>,
): void {
  process.on('message', ({ command, options }: WorkerRequest) => {
    const run = commands[command as keyof Commands] as (options: unknown) => unknown;
    Promise.resolve(options)
      .then(run)
      .then(
        (answer): WorkerReply => ({ answer }),
        (error: unknown): WorkerReply => ({
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        }),
      )
      .then((reply) => {
        // After the last answer nothing keeps the process alive.
        process.send?.(reply, () => command === 'close' && process.disconnect());
      })
      .catch((error: unknown) => {
        throw error;
      });
  });
  // Without its parent it has nothing to do, and its connections would keep it alive.
  process.once('disconnect', () => void close().catch(() => undefined));
}
