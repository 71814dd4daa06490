import { html } from './html';
import type { Html } from './html';

export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => string | Html;
  /** Figures are aligned on the right. */
  readonly isFigure?: boolean;
}

/** @param empty what is said instead of an empty table */
export function table<Row>(
  caption: string,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  empty: string,
): Html {
  if (rows.length === 0) return html`<p>${empty}</p>`;
  const kind = ({ isFigure = false }: Column<Row>): string => (isFigure ? 'figure' : 'text');
  const [first, ...others] = columns;
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map((column) => html`<th scope="col" class="${kind(column)}">${column.name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              <th scope="row">${first?.cell(row)}</th>
              ${others.map((column) => html`<td class="${kind(column)}">${column.cell(row)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
