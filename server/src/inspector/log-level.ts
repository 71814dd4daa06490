import type { Logger } from 'pino';
import { logLevels } from '../config/values';
import type { LogLevel } from '../config/values';

export interface LogLevelState {
  readonly level: LogLevel;
  /** The level of the configuration. */
  readonly configured: LogLevel;
  /** When it goes back to the configured one, in ISO 8601; `null`: not by itself. */
  readonly until: string | null;
}

/** Changes the level of the log at run time. Every change is logged, whatever the levels are. */
export class LogLevelControl {
  readonly #logger: Logger;
  readonly #configured: LogLevel;
  #until: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(logger: Logger, configured: LogLevel) {
    this.#logger = logger;
    this.#configured = configured;
  }

  get state(): LogLevelState {
    return {
      level: this.#logger.level as LogLevel,
      configured: this.#configured,
      until: this.#until === undefined ? null : new Date(this.#until).toISOString(),
    };
  }

  /** @param forMs after how long, in ms, the configured level applies again; default: never */
  set(level: LogLevel, forMs?: number): void {
    this.close();
    const { state } = this;
    this.#until = forMs === undefined ? undefined : Date.now() + forMs;
    this.#change(level, { from: state.level, until: this.state.until ?? undefined });
    if (forMs === undefined) return;
    this.#timer = setTimeout(() => {
      this.#until = undefined;
      this.#change(this.#configured, { from: level });
    }, forMs).unref();
  }

  /** Ends the timer. */
  close(): void {
    clearTimeout(this.#timer);
  }

  #change(to: LogLevel, fields: object): void {
    // At level error, the line about it would be lost.
    this.#logger.level = 'info';
    this.#logger.info({ ...fields, to }, 'log level changed');
    this.#logger.level = to;
  }
}

export function isLogLevel(text: string): text is LogLevel {
  return logLevels.some((level) => level === text);
}
