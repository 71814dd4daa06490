import { format } from 'node:util';
import type { Logger } from 'pino';

/** Long enough for a sentence. */
const maxLength = 300;

/**
 * Makes log lines of what libraries print, and of Node.js's own warnings, so that everything on standard output is JSON and
 * the rate limit holds for it. For the process: it replaces `console`'s methods.
 */
export function logStrayOutput(logger: Logger): void {
  const log = (...args: unknown[]): void => {
    // Objects are left out: what hangs on an error of a library may be a whole command.
    const text = format(...args.filter((arg) => typeof arg !== 'object'));
    logger.warn({ detail: text.slice(0, maxLength) }, 'library warning');
  };
  Object.assign(console, { log, info: log, warn: log, error: log });
  process.removeAllListeners('warning').on('warning', ({ name, message }) => {
    logger.warn({ detail: `${name}: ${message}`.slice(0, maxLength) }, 'Node.js warning');
  });
}
