import type { Operation, Violation } from '../history';
import { differenceOf, replay } from './replay';
import { describe, isDone } from './view';
import type { Done, SessionView } from './view';

/**
 * Every read shows the result of a sequence of whole changes: its data follows from its log, the log of a later version continues
 * that of an earlier one, changes are in the order in which they were made, and each change returned what it did.
 */
export function consistentReads(session: SessionView): Violation[] {
  const reads = session.done('read').filter(({ outcome }) => outcome.state !== undefined);
  return [...replays(session, reads), ...forks(session, reads), ...order(session, reads)];
}

function replays(session: SessionView, reads: readonly Done[]): Violation[] {
  const violations: Violation[] = [];
  const checked = new Set<string>();
  const mismatched = session.operations.filter((operation) => session.mayHaveMismatched(operation));
  for (const read of reads) {
    const state = read.outcome.state!;
    if (mismatched.some(({ id }) => state.log.includes(id))) continue;
    const expected = replay(state.log, session.byId);
    if (expected === undefined) continue;
    const difference = differenceOf(state, expected);
    if (difference !== undefined) {
      violations.push(violation(session, 'reads show whole changes', `${describe(read)}: ${difference}`, [read]));
    }
    for (const [id, values] of expected.values) {
      const write = session.byId.get(id)!;
      if (checked.has(id) || !isDone(write) || write.outcome.values === undefined) continue;
      checked.add(id);
      const wrong = write.outcome.values.findIndex((value, index) => value !== values[index]);
      if (wrong < 0) continue;
      const [returned, should] = [write.outcome.values[wrong], values[wrong]];
      const text = `${describe(write)} returned ${returned ?? 'nothing'}, but ${should ?? 'nothing'} follows from the log of ${describe(read)}`;
      violations.push(violation(session, 'changes return what they did', text, [write, read]));
    }
  }
  return violations;
}

function forks(session: SessionView, reads: readonly Done[]): Violation[] {
  const violations: Violation[] = [];
  const byVersion = [...reads].sort((a, b) => a.outcome.version! - b.outcome.version!);
  byVersion.slice(1).forEach((later, index) => {
    const earlier = byVersion[index]!;
    const first = earlier.invoked <= later.invoked ? earlier : later;
    if (session.isLost(first, Math.max(earlier.completed, later.completed))) return;
    const [before, after] = [earlier.outcome.state!.log, later.outcome.state!.log];
    const isSame = earlier.outcome.version === later.outcome.version;
    const goesOn = before.every((id, position) => id === after[position]);
    if (goesOn && (!isSame || before.length === after.length)) return;
    const text = `${describe(later)} does not continue ${describe(earlier)}`;
    violations.push(violation(session, 'one history', text, [earlier, later]));
  });
  return violations;
}

function order(session: SessionView, reads: readonly Done[]): Violation[] {
  const found = new Map<string, Violation>();
  for (const read of reads) {
    let newest: Operation | undefined;
    for (const id of read.outcome.state!.log) {
      const write = session.byId.get(id);
      if (write === undefined) continue;
      if (newest !== undefined && isDone(write) && write.completed < newest.invoked && !found.has(id)) {
        const text = `${describe(write)} comes after ${describe(newest)}`;
        found.set(id, violation(session, 'changes stand in their order', text, [write, newest, read]));
      }
      if (newest === undefined || write.invoked > newest.invoked) newest = write;
    }
  }
  return [...found.values()];
}

function violation(session: SessionView, promise: string, text: string, operations: readonly Operation[]): Violation {
  return { promise, message: `${session.info.name}: ${text}`, at: operations.at(-1)!.completed, operations };
}
