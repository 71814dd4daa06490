/** The name of a command to one of the benchmark's processes. `Commands` has a function for each, from options to the answer. */
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

/** Makes this process a worker, which ends after the command `close` or with its parent. */
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
        // The channel to the parent keeps the process alive.
        process.send?.(reply, () => command === 'close' && process.disconnect());
      })
      .catch((error: unknown) => {
        throw error;
      });
  });
  // Its connections would keep it alive after its parent has ended.
  process.once('disconnect', () => void close().catch(() => undefined));
}
