import type { Merge, MergedKey, Operation, Violation } from '../history';
import { describe, isDone, mayHaveHappened } from './view';
import type { Done, SessionView } from './view';

type Saved = Operation & { readonly call: Merge };

const keys: readonly MergedKey[] = ['m', 'n'];
const absent = '';

/**
 * A merging save writes the keys that were changed on its session object, all of them or none, and leaves the others as other
 * requests have written them: a read shows each key as the last save up to its version that concerned the key has left it. That it also
 * leaves `log` as it is, other checks show.
 */
export function merges(session: SessionView): Violation[] {
  const saves = session.operations.filter(
    (operation): operation is Saved => operation.call.kind === 'merge' && mayHaveHappened(operation),
  );
  return session.done('read').flatMap((read) => {
    const { merged } = read.outcome.state ?? {};
    if (merged === undefined) return [];
    return keys.flatMap((key) => wrongValue(session, { read, key, value: merged[key] ?? absent, saves }) ?? []);
  });
}

interface Shown {
  readonly read: Done;
  readonly key: MergedKey;
  readonly value: string;
  readonly saves: readonly Saved[];
}

function wrongValue(session: SessionView, { read, key, value, saves }: Shown): Violation | undefined {
  const concerned = saves.filter((save) => effectOn(save, key) !== undefined && save.invoked <= read.completed);
  const certain = concerned.filter((save): save is Saved & Done => isDone(save) && !areParted(session, save, read));
  const last = certain
    .filter(({ outcome }) => outcome.version! <= read.outcome.version!)
    .reduce<(Saved & Done) | undefined>(
      (latest, save) => (latest && latest.outcome.version! > save.outcome.version! ? latest : save),
      undefined,
    );
  const possible = concerned.filter(
    (save) =>
      !(certain as readonly Saved[]).includes(save) &&
      (last === undefined || session.effectUntil(save) >= last.invoked || areParted(session, save, read)),
  );
  const expected = last === undefined ? absent : effectOn(last, key);
  if (value === expected || possible.some((save) => effectOn(save, key) === value)) return undefined;
  const should = last === undefined ? 'nothing' : `what ${describe(last)} has left`;
  return {
    promise: 'a merging save writes what it has changed, and nothing else',
    message: `${session.info.name}: ${describe(read)} shows ${value === absent ? 'nothing' : value} at ${key}, not ${should}`,
    at: read.completed,
    operations: last === undefined ? [read] : [last, read],
  };
}

/** What a save leaves at a key; `undefined`: it does not concern the key. */
function effectOn({ id, call, outcome }: Saved, key: MergedKey): string | undefined {
  if (call.sets === key) return id;
  const hadNothing = outcome.status === 'ok' && outcome.deleted !== true;
  return call.deletes === key && !hadNothing ? absent : undefined;
}

/** Whether a fault may have lost one of them before the other, so that their versions cannot be compared. */
function areParted(session: SessionView, one: Operation, other: Operation): boolean {
  const first = one.invoked <= other.invoked ? one : other;
  return session.isLost(first, Math.max(one.completed, other.completed));
}
