import type { PartResult } from './part';

export interface ReportFacts {
  readonly command: string;
  readonly seed: number;
  readonly date: string;
  /** The versions of the sidecar, Node.js and Redis, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/** The report of a run as a Markdown page. */
export function printReport(results: readonly PartResult[], facts: ReportFacts): string {
  const violations = results.flatMap((result) => result.violations);
  const total = sum(results.map(({ outcomes }) => outcomes.ok + outcomes.failed + outcomes.ambiguous));
  const faults = results.flatMap((result) => result.faults);
  const verdict = violations.length === 0 ? 'No promise was broken.' : `**${violations.length} violations.**`;
  return [
    '# Chaos report',
    '',
    `${verdict} ${number(total)} calls and ${number(faults.length)} faults, ${facts.date}, seed ${facts.seed}.`,
    '',
    `    ${facts.command}`,
    '',
    ...Object.entries(facts.versions).map(([name, version]) => `- ${name}: ${version}`),
    '',
    '## Modes',
    '',
    ...table(
      [
        ...['Mode', 'Near cache', 'Rounds', 'Calls', 'Failed', 'Ambiguous', 'Unexplained', 'Late', 'Faults'],
        ...['Recovery p50', 'Recovery max', 'Peak memory', 'Violations'],
      ],
      results.map((result) => {
        const { part, outcomes } = result;
        const times = result.recoveries.map(({ milliseconds }) => milliseconds);
        return [
          ...[part.mode.name, part.nearCache ? 'on' : 'off', result.rounds],
          number(outcomes.ok + outcomes.failed + outcomes.ambiguous),
          ...[
            number(outcomes.failed),
            number(outcomes.ambiguous),
            result.unexplained,
            result.late,
            result.faults.length,
          ],
          ...[milliseconds(median(times)), milliseconds(max(times))],
          ...[`${Math.round(result.peakBytes / 2 ** 20)} MiB`, result.violations.length],
        ];
      }),
    ),
    '',
    'Failed calls were certainly not applied, ambiguous ones may have been. Unexplained failures happened without a fault, too few in a row',
    'for an outage. Late calls ended more than 100 ms after their deadline. Recovery is the time from when calls could succeed again to the',
    'first change that did.',
    '',
    ...results.flatMap(({ part, endedBy }) =>
      endedBy === undefined ? [] : [`The rounds of ${part.mode.name} ended early: ${endedBy}`, ''],
    ),
    '## Faults',
    '',
    ...table(
      ['Fault', 'Times', 'Recovery p50', 'Recovery max'],
      [...new Set(faults.map(({ kind }) => kind))].sort().map((kind) => {
        const times = results
          .flatMap(({ recoveries }) => recoveries)
          .filter((recovery) => recovery.kind === kind)
          .map((recovery) => recovery.milliseconds);
        const count = faults.filter((fault) => fault.kind === kind).length;
        return [kind, count, milliseconds(median(times)), milliseconds(max(times))];
      }),
    ),
    '',
    ...violationsSection(results),
  ].join('\n');
}

const maxExamples = 3;

function violationsSection(results: readonly PartResult[]): string[] {
  const all = results.flatMap(({ part, violations }) => violations.map((violation) => ({ ...violation, part })));
  if (all.length === 0) return [];
  const promises = [...new Set(all.map(({ promise }) => promise))];
  return [
    '## Violations',
    '',
    ...promises.flatMap((promise) => {
      const broken = all.filter((violation) => violation.promise === promise);
      return [
        `- **${promise}**: ${broken.length} times`,
        ...broken
          .slice(0, maxExamples)
          .map(({ part, message }) => `  - ${part.mode.name}, near cache ${part.nearCache ? 'on' : 'off'}: ${message}`),
      ];
    }),
    '',
  ];
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function max(numbers: readonly number[]): number | undefined {
  return numbers.length === 0 ? undefined : Math.max(...numbers);
}

function median(numbers: readonly number[]): number | undefined {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function milliseconds(value: number | undefined): string {
  if (value === undefined) return '-';
  return value === Infinity ? 'never' : `${number(Math.round(value))} ms`;
}
