import type { Output } from '../output';
import { bytesText, numberText } from '../units';
import { failures, outcomes } from './results';
import type { Failure, Outcome, Results } from './results';

/** How an import has ended. */
export interface End {
  readonly isDry: boolean;
  /** Whether all keys were looked at. */
  readonly isComplete: boolean;
}

/** The result for scripts. */
export function resultOf(results: Results, { isDry, isComplete }: End) {
  const { imported, already_there: alreadyThere, expired, ended_meanwhile: endedMeanwhile } = results.outcomes;
  const { keys, seconds, bytes, largestBytes, withoutSubject } = results;
  return {
    ...{ dryRun: isDry, complete: isComplete, seconds, keys },
    ...{ imported, alreadyThere, expired, endedMeanwhile, failed: results.failed },
    ...{ withoutSubject, bytes, largestBytes },
    failures: Object.fromEntries(inOrder(results.failures)) as Partial<
      Record<Failure, { count: number; handles: string[] }>
    >,
  };
}

export type ImportResult = ReturnType<typeof resultOf>;

export function printResult(results: Results, { isDry, isComplete }: End, output: Output): void {
  const { imported } = results.outcomes;
  const rate = numberText(Math.round(results.keys / Math.max(0.001, results.seconds)));
  const verb = isDry ? 'would be imported' : imported === 1 ? 'was imported' : 'were imported';
  const size = `, ${bytesText(results.bytes)}, the largest with ${bytesText(results.largestBytes)}`;
  output.line(`${countText(imported, 'session')} ${verb}${imported === 0 ? '' : size}.`);
  output.line(`${countText(results.keys, 'key')} in ${results.seconds.toFixed(1)} s: ${rate} per second`);
  const others = (Object.keys(outcomes) as Outcome[]).filter((each) => each !== 'imported' && results.outcomes[each]);
  const rows = others.map((each) => [numberText(results.outcomes[each]), outcomes[each]]);
  if (results.withoutSubject > 0) rows.push([numberText(results.withoutSubject), 'imported without a subject']);
  if (rows.length > 0) output.line();
  output.table(rows, { right: [0] });
  printFailures(results, output);
  if (isComplete) return;
  output.line();
  output.line('Not all keys were looked at. Run the same command again to go on.');
}

function printFailures({ failures: all }: Results, output: Output): void {
  if (all.size === 0) return;
  output.line();
  output.table(
    inOrder(all).map(([failure, { count, handles }]) => {
      const examples = handles.length === 0 ? '' : ` Handles: ${handles.join(', ')}`;
      return [output.style('red', failure), numberText(count), `${failures[failure]}${examples}`];
    }),
    { head: ['NOT IMPORTED', 'KEYS', 'WHY'], right: [1] },
  );
}

/** Keys come in an order that differs from server to server. */
function inOrder<T>(all: ReadonlyMap<Failure, T>): (readonly [Failure, T])[] {
  return (Object.keys(failures) as Failure[]).flatMap((failure) => {
    const found = all.get(failure);
    return found === undefined ? [] : [[failure, found] as const];
  });
}

function countText(count: number, noun: string): string {
  return `${numberText(count)} ${noun}${count === 1 ? '' : 's'}`;
}
