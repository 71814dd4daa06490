import Table from 'cli-table3';

export interface TableOptions {
  readonly head?: readonly string[] | undefined;
  /** Columns with numbers, which end at the right. */
  readonly right?: readonly number[] | undefined;
  /** Of the terminal, in columns: longer texts of the last column are wrapped. `undefined`: nothing is. */
  readonly width?: number | undefined;
  /** Applied to the head. */
  readonly style?: ((text: string) => string) | undefined;
}

/** Columns are separated by spaces: what people read, and what `awk` and `cut` can split. */
const gap = '  ';
const withoutLines: Readonly<Record<string, string>> = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid'].flatMap((side): [string, string][] => [
    [side, ''],
    ...['mid', 'left', 'right'].map((end): [string, string] => [`${side}-${end}`, '']),
  ]),
);

/** The shortest last column that texts are wrapped to. */
const minWrapWidth = 30;

/** @returns lines that end with a line break; an empty text for no rows */
export function renderTable(rows: readonly (readonly string[])[], options: TableOptions = {}): string {
  if (rows.length === 0) return '';
  const { head = [], right = [], width, style = (text: string) => text } = options;
  const columns = Math.max(head.length, ...rows.map((row) => row.length));
  const cells = [...(head.length > 0 ? [head.map(style)] : []), ...rows.map((row) => [...row])];
  const others = Array.from({ length: columns - 1 }, (_, column) =>
    Math.max(...cells.map((row) => visibleLength(row[column] ?? ''))),
  );
  const used = others.reduce((sum, each) => sum + each + gap.length, 0);
  const last = width === undefined ? undefined : Math.max(minWrapWidth, width - used - 1);
  const table = new Table({
    chars: { ...withoutLines, middle: gap },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    colAligns: Array.from({ length: columns }, (_, column) => (right.includes(column) ? 'right' : 'left')),
    ...(last !== undefined && { colWidths: [...others, last], wordWrap: true }),
  });
  table.push(...cells);
  const lines = table.toString().split('\n');
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

/** Without the codes that color a text. */
function visibleLength(text: string): number {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/\u001b\[\d+m/g, '').length;
}
