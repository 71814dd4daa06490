import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { root } from './markdown';

interface Row {
  readonly id: string;
  readonly ours: number;
  readonly ratio: number | null;
  readonly unit: string;
  readonly budget: { readonly atLeast: number } | { readonly atMost: number } | null;
  readonly met: boolean | null;
}

const rowsOf = (results: string): ReadonlyMap<string, Row> => {
  const { rows } = JSON.parse(readFileSync(join(root, 'bench/results', `${results}.json`), 'utf8')) as { rows: Row[] };
  return new Map(rows.map((row) => [row.id, row]));
};
const runs = [rowsOf('node-22'), rowsOf('latest'), rowsOf('node-26')];

const page = readFileSync(join(root, 'docs/contribute/missed-budgets.md'), 'utf8');
const table = [...page.matchAll(/^\| `([^`]+)` +\| (\S.*?) +\| (\S.*?) +\| (\S.*?) +\| (\S.*?) +\|$/gm)].map(
  ([, id = '', budget, ...figures]) => ({ id, budget, figures }),
);

/** How the page writes a figure of a row, with as many digits as it chooses. */
function written({ ours, ratio, unit, met }: Row, cell: string): string {
  if (met) return 'met';
  const decimals = /\.(\d+)/.exec(cell)?.[1]?.length ?? 0;
  return ratio === null ? `${ours.toFixed(decimals)} ${unit}` : `${ratio.toFixed(decimals)}x`;
}

function writtenBudget({ budget, ratio, unit }: Row): string {
  if (budget === null) return 'none';
  const limit = 'atLeast' in budget ? `≥ ${budget.atLeast}` : `≤ ${budget.atMost}`;
  return ratio === null ? `${limit} ${unit}` : `${limit}x`;
}

test('the page of missed budgets lists what the runs have missed', () => {
  const missed = [...runs[0]!.keys()].filter((id) => runs.some((rows) => rows.get(id)?.met === false));
  expect(table.map(({ id }) => id).sort()).toEqual(missed.sort());
});

test.each(table)('the page of missed budgets has the figures of $id', ({ id, budget, figures }) => {
  expect(budget).toBe(writtenBudget(runs[0]!.get(id)!));
  expect(figures).toEqual(runs.map((rows, index) => written(rows.get(id)!, figures[index]!)));
});
