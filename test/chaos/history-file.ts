import type { History } from './history';

/** A history as lines of JSON, in the order in which things began: for finding out how a promise came to be broken. */
export function printHistory({ operations, faults, sessions }: History): string {
  const lines = [
    ...sessions.map((session) => ({ at: 0, session })),
    ...faults.map((fault) => ({ at: fault.injected, fault })),
    ...operations.map((operation) => ({ at: operation.invoked, operation })),
  ];
  return lines
    .sort((a, b) => a.at - b.at)
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
}
