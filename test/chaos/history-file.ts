import type { History } from './history';

/** Prints a history as lines of JSON, in chronological order, to find out how a promise was broken. */
export function printHistory({ operations, faults, sessions, keys, records }: History): string {
  const lines = [
    ...sessions.map((session) => ({ at: 0, session })),
    ...faults.map((fault) => ({ at: fault.injected, fault })),
    ...keys.map((key) => ({ at: key.from, key })),
    ...records.map((record) => ({ at: record.at, record })),
    ...operations.map((operation) => ({ at: operation.invoked, operation })),
  ];
  return lines
    .sort((a, b) => a.at - b.at)
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
}
