import { findCommand } from './command';
import type { Command } from './command';
import { Control } from './control';
import { launch } from './launch';
import type { LaunchedSidecar } from './launch';

export interface SidecarOptions {
  /**
   * Settings of the sidecar without their prefix, for example `{ IDLE_TIMEOUT: '30m' }`. Default: those of production; variables
   * of this process do not count.
   */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /**
   * The program to run and its arguments. Default: the words of `SESSION_SIDECAR_TEST_COMMAND`, the package
   * `@session-sidecar/server` in a `node_modules` of the working directory or above it, or `session-sidecar` on the `PATH`.
   */
  readonly command?: readonly string[] | undefined;
}

/** A sidecar that tests use and control. Its sessions are in its memory. */
export interface Sidecar {
  /** For `new SessionClient({ address })` or an adapter. */
  readonly address: string;

  /**
   * Moves the clock that decides when sessions expire. It goes on from there. The clock of the application does not move.
   *
   * @param milliseconds from 0 up
   * @returns the time on it
   */
  advance(milliseconds: number): Promise<Date>;

  /** The time on the clock of the sidecar. */
  now(): Promise<Date>;

  /** Ends all sessions, and sets the clock to the real time, as after a start. Takes a few milliseconds at most. */
  reset(): Promise<void>;

  /** Ends the sidecar, unless it was joined. Without this, it ends with the process that has started it. */
  stop(): Promise<void>;
}

const addressVariable = 'SESSION_SIDECAR_TEST_ADDRESS';

/**
 * Starts a sidecar for tests, of its own for each caller, or joins the one at `SESSION_SIDECAR_TEST_ADDRESS`.
 *
 * @throws Error that says why there is no sidecar
 * @throws TypeError for options that are not valid
 */
export async function startSidecar({ settings = {}, command }: SidecarOptions = {}): Promise<Sidecar> {
  // An empty variable counts as not set.
  const joined = process.env[addressVariable] || undefined;
  const running = joined === undefined ? await launch(checked(command) ?? found(), settings) : join(joined, settings);
  const { address } = running;
  const control = new Control(address);
  const stop = async (): Promise<void> => {
    control.close();
    await running.stop();
  };
  try {
    await control.advance(0);
  } catch (error) {
    await stop();
    throw joined === undefined ? error : new Error(`${addressVariable}: ${(error as Error).message}`);
  }
  return {
    address,
    advance: async (milliseconds) => {
      if (!(Number.isFinite(milliseconds) && milliseconds >= 0)) {
        throw new RangeError(`Expected \`milliseconds\` to be a number from 0 up, got \`${String(milliseconds)}\``);
      }
      return control.advance(milliseconds);
    },
    now: () => control.advance(0),
    reset: () => control.reset(),
    stop,
  };
}

function found(): Command {
  return findCommand(process.env, process.cwd());
}

function checked(command: Command | undefined): Command | undefined {
  if (command?.length === 0) throw new TypeError('Expected `command` to name a program, got an empty list');
  return command;
}

/** The settings of a sidecar that runs already cannot be changed. */
function join(address: string, settings: Readonly<Record<string, string>>): LaunchedSidecar {
  const names = Object.keys(settings);
  if (names.length > 0) {
    throw new TypeError(
      `\`settings\` cannot be applied to the sidecar that ${addressVariable} names: ${names.join(', ')}`,
    );
  }
  return { address, stop: () => Promise.resolve() };
}
