import { setTimeout as delay } from 'node:timers/promises';
import { SessionError } from '../errors/session-error';

/** After this many lost races, the deadline is too long for so contended a key. */
const maxAttempts = 50;

/** Repeats an attempt as long as it fails because another request has changed the session meanwhile. */
export async function retryLostRaces<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (!SessionError.is(error) || error.code !== 'VERSION_MISMATCH' || attempts === maxAttempts) throw error;
      // Jitter, so that requests that lost the same race do not all race again.
      await delay(Math.random() * Math.min(attempts, 20));
    }
  }
}
