import { SessionError } from '../errors/session-error';

const intervalMs = 60_000;

/**
 * Makes a function that warns of sessions that could not be saved. While the sidecar is down, every request could: of those in the
 * minute after a warning, only the number is reported, with the next one.
 *
 * @param now a monotonic clock, in ms
 */
export function warnOfUnsaved(now: () => number = () => performance.now()): (error: unknown) => void {
  let nextAt = -Infinity;
  let unreported = 0;
  return (error) => {
    unreported += 1;
    if (now() < nextAt) return;
    const others = unreported > 1 ? ` ${unreported - 1} more since the last warning.` : '';
    // Of other errors, the message may contain values.
    const reason = SessionError.is(error) ? error.code : error instanceof Error ? error.name : typeof error;
    process.emitWarning(`The session of a response of status 400 or above was not saved: ${reason}.${others}`, {
      type: 'SessionWarning',
      code: 'SESSION_UNSAVED',
      detail: 'Handle it with the option `onUnsaved` of sessions().',
    });
    nextAt = now() + intervalMs;
    unreported = 0;
  };
}
