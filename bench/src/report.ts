import Table from 'cli-table3';
import type { Limit } from './budgets';
import type { Row, SideDetail } from './row';

export interface Report {
  /** When the run ended, ISO 8601. */
  readonly date: string;
  /** Whether all cases ran, at full length. */
  readonly full: boolean;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGb: number; readonly os: string };
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
}

/** The results as a table for a terminal. */
export function terminalTable(rows: readonly Row[], width: number): string {
  const head = ['row', 'what', 'ours', 'theirs', 'ours / theirs', 'budget', 'aim', ''];
  const longestId = Math.max(0, ...rows.map(({ id }) => id.length));
  const others = [Math.max(27, longestId + 2), 11, 11, 18, 8, 8, 8];
  const what = Math.max(30, width - others.reduce((a, b) => a + b, 0) - head.length - 1);
  const [first = 0, ...rest] = others;
  const table = new Table({ head, colWidths: [first, what, ...rest], wordWrap: true, style: { head: [], border: [] } });
  for (const row of rows) {
    table.push([
      row.id,
      whatOf(row),
      oursOf(row),
      theirsOf(row),
      ratioOf(row),
      limitOf(row, row.budget),
      limitOf(row, row.aim),
      verdictOf(row),
    ]);
  }
  return table.toString();
}

/** The results as a Markdown page: losses first, then all rows. Formatted as oxfmt formats it. */
export function markdownResults({ date, machine, versions, rows }: Report, picture: string): string {
  const losses = rows.filter(isLoss);
  const versionList = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const sections = [
    `# Results of the benchmark on Node.js ${versions['Node.js']?.split('.', 1)[0] ?? ''}`,
    'Written by `npm run bench`; [its page](../README.md) describes the method.',
    `Full run of ${date.slice(0, 10)} on ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGb} GB of memory, ${machine.os}.`,
    `Versions: ${versionList.join(', ')}.`,
    '## Losses',
    ...(losses.length === 0
      ? ['None: no budget is missed, and no row is worse than its rival.']
      : [
          'Budgets that are missed, then other rows in which the rival is better.',
          losses
            .sort((a, b) => Number(a.met ?? true) - Number(b.met ?? true))
            .map(lossOf)
            .join('\n'),
        ]),
    '## Rows with a budget',
    rowTable(rows.filter(({ budget }) => budget !== null)),
    `![Rows with a budget, and throughput beside the peers](${picture})`,
    '## All other rows',
    rowTable(rows.filter(({ budget }) => budget === null)),
    '## Latency and CPU time',
    'The rounds behind the rows above: ours, then theirs. CPU time is per operation; `server` is the sidecar, or the server in its place.',
    detailTable(rows),
  ];
  return `${sections.join('\n\n')}\n`;
}

/** Whether a row misses its budget, has failures of ours, or is worse than its rival. */
export function isLoss({ met, rival, ratio, better, failed }: Row): boolean {
  if (met === false || failed.ours > 0) return true;
  return rival !== null && ratio !== null && (better === 'higher' ? ratio < 1 : ratio > 1);
}

function lossOf(row: Row): string {
  const missed = row.met === false ? `budget ${limitOf(row, row.budget)} missed: ` : '';
  const figure = row.ratio === null ? oursOf(row) : ratioOf(row);
  return `- \`${row.id}\`: ${missed}${figure}. ${whatOf(row)}`;
}

function rowTable(rows: readonly Row[]): string {
  const head = ['row', 'what', 'ours', 'theirs', 'ours / theirs', 'budget', 'aim', ''];
  return markdownTable(
    head,
    rows.map((row) => [
      `\`${row.id}\``,
      whatOf(row),
      oursOf(row),
      theirsOf(row),
      ratioOf(row),
      limitOf(row, row.budget),
      limitOf(row, row.aim),
      verdictOf(row),
    ]),
  );
}

function detailTable(rows: readonly Row[]): string {
  const head = [
    'row',
    'side',
    'per second',
    'p50 µs',
    'p90 µs',
    'p99 µs',
    'app µs',
    'server µs',
    'Redis µs',
    'server cores',
  ];
  // Rows of one case share their rounds; the first stands for all.
  const seen = new Set<Row['detail']>();
  const cells = rows.flatMap(({ id, detail }) => {
    if (detail === null || seen.has(detail)) return [];
    seen.add(detail);
    return [detailCells(`\`${id}\``, detail.ours), detailCells('', detail.theirs)];
  });
  return markdownTable(head, cells);
}

function detailCells(id: string, { name, perSecond, latencyUs, cpuUs, serverCores }: SideDetail): string[] {
  const figures = [
    perSecond,
    latencyUs.p50,
    latencyUs.p90,
    latencyUs.p99,
    cpuUs.app,
    cpuUs.server,
    cpuUs.redis,
    serverCores,
  ];
  return [id, name, ...figures.map(figure)];
}

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, n) =>
    Math.max(3, ...[title, ...rows.map((row) => row[n] ?? '')].map(({ length }) => length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, n) => (cells[n] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function whatOf({ what, note }: Row): string {
  return note === null ? what : `${what} ${note}`;
}

function oursOf({ ours, unit, failed }: Row): string {
  return withUnit(ours, unit) + (failed.ours > 0 ? ` (${failed.ours} failed)` : '');
}

function theirsOf({ theirs, unit, failed }: Row): string {
  if (theirs === null) return '';
  return withUnit(theirs, unit) + (failed.theirs > 0 ? ` (${failed.theirs} failed)` : '');
}

function ratioOf({ ratio, ratioMin, ratioMax }: Row): string {
  if (ratio === null) return '';
  const range = ratioMin === null || ratioMax === null ? '' : ` (${figure(ratioMin)}–${figure(ratioMax)})`;
  return `${figure(ratio)}x${range}`;
}

function limitOf({ ratio }: Row, limit: Limit | null): string {
  if (limit === null) return '';
  const text = 'atLeast' in limit ? `≥ ${limit.atLeast}` : `≤ ${limit.atMost}`;
  return ratio === null ? text : `${text}x`;
}

function verdictOf({ met, aimMet }: Row): string {
  if (met === null) return '';
  if (!met) return 'MISSED';
  return aimMet ? 'aim met' : 'met';
}

function withUnit(value: number, unit: string): string {
  return unit.startsWith('/') ? figure(value) + unit : `${figure(value)} ${unit}`;
}

/** Rounds to three digits. The rounds differ by more than that. */
function figure(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}
