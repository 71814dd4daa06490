import { setTimeout as delay } from 'node:timers/promises';
import { SessionError } from '../errors/session-error';
import type { EncodedValue } from '../transport/encoded-value';

/** What is stored at a key in one version of a session; `undefined`: nothing. */
interface VersionedValue {
  readonly version: number;
  readonly value: EncodedValue | undefined;
}

interface ValueChange<Result> {
  /** What probably is stored; `undefined`: nothing is known of it. */
  readonly known: VersionedValue | undefined;
  readonly read: () => Promise<VersionedValue>;
  readonly change: (value: EncodedValue | undefined) => unknown;
  /** Must fail with VERSION_MISMATCH if the session has another version. */
  readonly write: (value: unknown, ifVersion: number) => Promise<Result>;
}

/** After this many lost races, the deadline is too long for so contended a key. */
const maxAttempts = 50;

/** Applies a change to the value that is stored, again if another request has changed the session meanwhile. */
export async function changeCurrentValue<Result>(change: ValueChange<Result>): Promise<Result> {
  const unread = change.known && changedUnlessOutdated(change, change.known);
  for (let attempts = 1; ; attempts++) {
    try {
      const { version, value } = (attempts === 1 ? unread : undefined) ?? changedValue(change, await change.read());
      return await change.write(value, version);
    } catch (error) {
      if (!SessionError.is(error) || error.code !== 'VERSION_MISMATCH' || attempts === maxAttempts) throw error;
      // Jitter, so that requests that lost the same race do not all race again.
      await delay(Math.random() * Math.min(attempts, 20));
    }
  }
}

interface ChangedValue {
  readonly version: number;
  readonly value: unknown;
}

function changedValue<Result>({ change }: ValueChange<Result>, { version, value }: VersionedValue): ChangedValue {
  return { version, value: changed(change, value) };
}

/** `undefined`: the change has failed, maybe because the value is outdated. */
function changedUnlessOutdated<Result>(change: ValueChange<Result>, known: VersionedValue): ChangedValue | undefined {
  try {
    return changedValue(change, known);
  } catch {
    return undefined;
  }
}

/** @throws TypeError if the change returns nothing */
export function changed<Before>(change: (before: Before) => unknown, before: Before): unknown {
  const after = change(before);
  if (after === undefined) throw new TypeError('Expected `change` to return the new value, got undefined');
  return after;
}
