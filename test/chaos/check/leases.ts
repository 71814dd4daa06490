import type { Call, Operation, Update, Violation } from '../history';
import { clockSlackMs } from './tokens';
import { describe, isDone, isLocking, mayHaveHappened } from './view';
import type { Done, SessionView } from './view';

type Acquire = Extract<Call, { kind: 'acquire' }>;
type Acquired = Done & { readonly call: Acquire };

/**
 * A lease has one holder at a time, for as long as it was asked for, and ends by itself. Nothing is saved with a lease that has ended,
 * or that another one has followed. That no two holders overwrite each other, `locked` shows.
 */
export function leases(session: SessionView): Violation[] {
  const acquired = session.operations.filter(
    (operation): operation is Acquired => isAcquire(operation) && isDone(operation),
  );
  return [
    ...acquired.flatMap((lease) => [...oneHolder(session, lease, acquired), ...fencesGrow(session, lease, acquired)]),
    ...savesOf(session).flatMap((save) => [...late(session, save, acquired), ...lostEarly(session, save)]),
    ...endsByTime(session),
  ];
}

function isAcquire(operation: Operation): operation is Operation & { readonly call: Acquire } {
  return operation.call.kind === 'acquire';
}

/** The calls that may have ended a lease. */
function releasesOf(session: SessionView, lease: Operation): Operation[] {
  return session.operations.filter(
    (operation) => operation.call.kind === 'release' && operation.call.lease === lease.id && mayHaveHappened(operation),
  );
}

/** Until when a lease certainly lasts. */
function lastsUntil(session: SessionView, lease: Acquired): number {
  const released = releasesOf(session, lease).reduce((least, { invoked }) => Math.min(least, invoked), Infinity);
  return Math.min(released, lease.invoked + lease.call.leaseMs - clockSlackMs);
}

function oneHolder(session: SessionView, lease: Acquired, acquired: readonly Acquired[]): Violation[] {
  const others: readonly Done[] = [...acquired, ...session.operations.filter(isLocking).filter(isDone)];
  const end = lastsUntil(session, lease);
  const other = others.find(
    (each) =>
      each !== lease &&
      each.invoked > lease.completed &&
      each.completed < end &&
      !session.isLost(lease, each.completed),
  );
  if (other === undefined) return [];
  return [violation(session, 'a lease has one holder', `${describe(other)} during ${describe(lease)}`, lease, other)];
}

function fencesGrow(session: SessionView, lease: Acquired, acquired: readonly Acquired[]): Violation[] {
  const later = acquired.find(
    ({ invoked, outcome }) => invoked > lease.completed && outcome.fence! <= lease.outcome.fence!,
  );
  if (later === undefined) return [];
  const text = `${describe(later)} has ${later.outcome.fence}, ${describe(lease)} has ${lease.outcome.fence}`;
  return [violation(session, 'fences grow', text, lease, later)];
}

type Save = Operation & { readonly call: Update & { readonly lease: string } };

/** The updates with a lease of AcquireLease. */
function savesOf(session: SessionView): Save[] {
  return session.operations.filter(
    (operation): operation is Save => operation.call.kind === 'update' && operation.call.lease !== undefined,
  );
}

function late(session: SessionView, save: Save, acquired: readonly Acquired[]): Violation[] {
  const lease = acquired.find(({ id }) => id === save.call.lease);
  if (lease === undefined || !isDone(save)) return [];
  const { lateMs } = session.history.history.setup.slack;
  const promise = 'a late holder saves nothing';
  if (save.invoked > lease.completed + lease.call.leaseMs + lateMs) {
    return [violation(session, promise, `${describe(save)} long after ${describe(lease)}`, lease, save)];
  }
  const successor = [
    ...acquired.filter(({ outcome }) => outcome.fence! > lease.outcome.fence!),
    ...releasesOf(session, lease),
  ].find((other) => isDone(other) && other.completed < save.invoked && !session.isLost(other, save.completed));
  if (successor === undefined) return [];
  return [violation(session, promise, `${describe(save)} after ${describe(successor)}`, lease, successor, save)];
}

function lostEarly(session: SessionView, save: Save): Violation[] {
  const lease = session.byId.get(save.call.lease);
  const isLost = save.outcome.status === 'failed' && save.outcome.code === 'LEASE_LOST';
  if (!isLost || lease === undefined || !isAcquire(lease) || !isDone(lease)) return [];
  if (save.completed >= lastsUntil(session, lease) || session.isLost(lease, save.completed)) return [];
  const text = `${describe(save)} during ${describe(lease)}`;
  return [violation(session, 'a lease lasts as long as it was asked for', text, lease, save)];
}

function endsByTime(session: SessionView): Violation[] {
  const { lateMs } = session.history.history.setup.slack;
  // withLock() cannot release the lease if the token is replaced meanwhile.
  const holders = session.operations.filter(
    (operation) =>
      (isAcquire(operation) && mayHaveHappened(operation)) || (isLocking(operation) && !isRefused(operation)),
  );
  return session.operations.flatMap((refused) => {
    if (!isRefused(refused)) return [];
    const isHeld = holders.some((holder) => {
      const { leaseMs = 0 } = holder.call as Acquire | Update;
      const isReleased = releasesOf(session, holder).some((each) => isDone(each) && each.completed < refused.invoked);
      return (
        holder !== refused &&
        holder.invoked <= refused.completed &&
        session.effectUntil(holder) + leaseMs + lateMs >= refused.invoked &&
        // A failover may have lost the release.
        (!isReleased || session.history.isLostAnywhere(holder.invoked, refused.completed))
      );
    });
    if (isHeld) return [];
    return [violation(session, 'a lease ends by time', `${describe(refused)}, although it has no holder`, refused)];
  });
}

function isRefused({ outcome }: Operation): boolean {
  return outcome.status === 'failed' && outcome.code === 'LEASE_HELD';
}

function violation(
  session: SessionView,
  promise: string,
  text: string,
  ...operations: readonly Operation[]
): Violation {
  return { promise, message: `${session.info.name}: ${text}`, at: operations.at(-1)!.completed, operations };
}
