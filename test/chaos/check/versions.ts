import type { Violation } from '../history';
import { describe, isChange, isDone, mayHaveHappened } from './view';
import type { Done, SessionView } from './view';

/**
 * The version grows by one with each change. A later call never returns an older version: at once through the same sidecar, and within
 * the bound of staleness through another one. A change with if_version is applied to that version only.
 */
export function versions(session: SessionView): Violation[] {
  const violations: Violation[] = [];
  const known = session.operations.filter(
    (operation): operation is Done => isDone(operation) && operation.outcome.version !== undefined,
  );
  const report = (promise: string, message: string, ...operations: Done[]): void => {
    violations.push({
      promise,
      message: `${session.info.name}: ${message}`,
      at: operations.at(-1)!.completed,
      operations,
    });
  };

  const changes = session.operations.filter((operation) => isChange(operation) && mayHaveHappened(operation));
  for (const later of known) {
    const version = later.outcome.version!;
    const isLaterChange = isChange(later);
    const earlier = known.find(
      (other) =>
        other !== later &&
        other.completed < session.visibleSince(later, other) &&
        (isLaterChange ? version <= other.outcome.version! : version < other.outcome.version!) &&
        !session.isLost(other, later.completed),
    );
    if (earlier !== undefined)
      report('versions only grow', `${describe(later)} came after ${describe(earlier)}`, earlier, later);

    const most = changes.filter(({ invoked }) => invoked <= later.completed).length;
    if (version > most)
      report('the version counts changes', `${describe(later)}, after ${most} changes at most`, later);

    const { call } = later;
    if (call.kind === 'update' && call.ifVersion !== undefined && version !== call.ifVersion + 1) {
      report('if_version holds', `${describe(later)}, with if_version ${call.ifVersion}`, later);
    }
  }

  const byVersion = new Map<number, Done>();
  for (const change of known.filter(isChange)) {
    const other = byVersion.get(change.outcome.version!);
    byVersion.set(change.outcome.version!, change);
    if (other === undefined || session.isLost(other, change.completed)) continue;
    report('each change has its version', `${describe(other)} and ${describe(change)}`, other, change);
  }
  return violations;
}
