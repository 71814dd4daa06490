import type { Logger } from 'pino';
import type { ReplacedTokenObserver } from './session/session-events';

/** Minimum time between two log lines: a stolen token is used again and again, and the metric counts each use. */
const pauseMs = 60_000;

/**
 * Reports the use of tokens that were replaced, and whose grace is over: the caller may have stolen it. A browser that was
 * asleep in between uses one, too.
 *
 * @param now a monotonic clock, in ms
 */
export function reportReplacedTokens(
  observer: ReplacedTokenObserver,
  logger: Logger,
  now: () => number = () => performance.now(),
): (handle: string) => void {
  let loggedAt = -Infinity;
  return (handle) => {
    observer.replacedTokenUsed();
    if (now() - loggedAt < pauseMs) return;
    loggedAt = now();
    logger.warn({ handle }, 'a replaced token was used after its grace: it may be stolen');
  };
}
