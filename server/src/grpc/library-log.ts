import { setLogger } from '@grpc/grpc-js';
import type { Logger } from 'pino';

/** What grpc-js says when binding fails. The error that it throws as well says more. */
const bindingFailed = 'No address added';

/** What it says of metadata that HTTP/2 lets through and gRPC does not. The rest of its text repeats the value. */
const illegalMetadata = 'Failed to add metadata entry';

/**
 * Writes what grpc-js reports to the log. It would print plain text otherwise, for as often as a caller provokes it, with
 * what the caller sent in it. It has one logger for the whole process.
 */
export function logLibraryWarnings(logger: Logger): void {
  const ignore = (): void => {};
  const error = (text: unknown): void => {
    if (typeof text !== 'string' || text.startsWith(bindingFailed)) return;
    if (text.startsWith(illegalMetadata)) logger.warn('illegal metadata ignored');
    // What is behind a colon comes from elsewhere.
    else logger.warn({ detail: text.split(':', 1)[0] }, 'gRPC library warning');
  };
  setLogger({ error, info: ignore, debug: ignore });
}
