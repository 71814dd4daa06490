import { format } from 'node:util';
import type { Logger } from 'pino';

/** Maximum length of a text. */
const maxLength = 300;

/**
 * Redirects what libraries print, and Node.js's own warnings, to the log, so that everything on standard output is JSON and
 * rate-limited. Affects the whole process: it replaces `console`'s methods.
 */
export function logStrayOutput(logger: Logger): void {
  const log = (...args: unknown[]): void => {
    // Objects are left out: an error of a library may contain a whole command.
    const text = format(...args.filter((arg) => typeof arg !== 'object'));
    logger.warn({ detail: text.slice(0, maxLength) }, 'library warning');
  };
  Object.assign(console, { log, info: log, warn: log, error: log });
  process.removeAllListeners('warning').on('warning', ({ name, message }) => {
    logger.warn({ detail: `${name}: ${message}`.slice(0, maxLength) }, 'Node.js warning');
  });
}
