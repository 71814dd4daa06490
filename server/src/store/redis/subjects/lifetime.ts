import { expiryOf, touchIntervalOf } from '../../../session/session';
import type { ExpiryPolicy, SessionMetadata } from '../../../session/session';

/** How long a session may live from now on, if it is not used again. */
export interface Lifetime {
  /** `undefined`: for ever. */
  readonly ms: number | undefined;
  /** How much longer it may live if it is used again and that is not reported. */
  readonly slackMs: number;
}

/** That of a session that is used now, or less. */
export function lifetimeOf(policy: ExpiryPolicy, idleTimeout: number | undefined): Lifetime {
  const ms = expiryOf(policy, { created: 0, accessed: 0, idleTimeout });
  return { ms, slackMs: slackOf(policy, idleTimeout) };
}

/** That of a session whose last recorded access was now. */
export function remainingLifetime(policy: ExpiryPolicy, session: SessionMetadata): Lifetime {
  const { expires, accessed, idleTimeout } = session;
  return { ms: expires === undefined ? undefined : expires - accessed, slackMs: slackOf(policy, idleTimeout) };
}

/** Clocks of Redis servers may differ by this much. */
const clockSlackMs = 10_000;

/** How long the index keeps the entry of a session; `undefined`: for ever. */
export function keptMsOf({ ms, slackMs }: Lifetime): number | undefined {
  return ms === undefined ? undefined : ms + slackMs + clockSlackMs;
}

/** One lost renewal of the entry is made up for by the next. */
function slackOf(policy: ExpiryPolicy, idleTimeout: number | undefined): number {
  return idleTimeout === undefined ? 0 : idleTimeout + touchIntervalOf(policy, idleTimeout);
}
