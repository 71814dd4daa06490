import { setLogger } from '@grpc/grpc-js';
import type { Logger } from 'pino';

/** What grpc-js logs when binding fails, in addition to the error that it throws. */
const bindingFailed = 'No address added';

/** What it logs about metadata that HTTP/2 allows and gRPC does not. The rest of the text repeats the value. */
const illegalMetadata = 'Failed to add metadata entry';

/**
 * Redirects the warnings of grpc-js to the log. Otherwise it prints plain text, as often as a caller provokes it, with data of the
 * caller. It has one logger for the whole process.
 */
export function logLibraryWarnings(logger: Logger): void {
  const ignore = (): void => {};
  const error = (text: unknown): void => {
    if (typeof text !== 'string' || text.startsWith(bindingFailed)) return;
    if (text.startsWith(illegalMetadata)) logger.warn('illegal metadata ignored');
    // The text after a colon may come from a caller.
    else logger.warn({ detail: text.split(':', 1)[0] }, 'gRPC library warning');
  };
  setLogger({ error, info: ignore, debug: ignore });
}
