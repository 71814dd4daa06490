import { area, line } from 'd3-shape';
import { html } from './html';
import type { Html } from './html';

export interface Series {
  readonly name: string;
  /** Oldest first; `null` where there is no value. */
  readonly values: readonly (number | null)[];
}

export interface ChartParts {
  readonly title: string;
  /** One or two. */
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  /** How many values fill the width. */
  readonly capacity: number;
  /** How long the width is, in words: `10 minutes`. */
  readonly span: string;
}

const width = 240;
const height = 56;

/** A small chart: lines from 0 to the highest value, the newest value on the right. */
export function chart({ title, series, format, capacity, span }: ChartParts): Html {
  const known = series.flatMap(({ values }) => values.filter((value) => value !== null));
  const top = Math.max(...known, 0);
  const newest = series.map(({ name, values }) => ({ name, value: values.at(-1) ?? null }));
  const shown = (value: number | null): string => (value === null ? '–' : format(value));
  const summary = newest.map(({ name, value }) => `${name} ${shown(value)}`).join(', ');
  return html`<figure>
    <figcaption>${title}</figcaption>
    <dl>
      ${newest.map(
        ({ name, value }, index) =>
          html`<div>
            <dt class="key-${index}">${name}</dt>
            <dd>${shown(value)}</dd>
          </div>`,
      )}
    </dl>
    <svg
      viewBox="0 0 ${width} ${height}"
      preserveAspectRatio="none"
      role="img"
      aria-label="${title}, last ${span}: now ${summary}; highest ${shown(known.length === 0 ? null : top)}"
    >
      ${series.map(({ values }, index) => paths(values, index, { top, capacity }))}
    </svg>
    <p class="axis"><span>${span} ago</span><span>highest ${shown(known.length === 0 ? null : top)}</span></p>
  </figure>`;
}

interface Scale {
  readonly top: number;
  readonly capacity: number;
}

/** Nothing is drawn where there is no value. The first series has an area below its line. */
function paths(values: readonly (number | null)[], index: number, { top, capacity }: Scale): Html {
  const x = (_: unknown, at: number): number => width - ((values.length - 1 - at) * width) / (capacity - 1);
  // Half a line's width stays free above and below.
  const y = (value: number | null): number => height - 1 - ((height - 2) * (value ?? 0)) / (top || 1);
  const isKnown = (value: number | null): boolean => value !== null;
  const below = area<number | null>(x, height, y).defined(isKnown).digits(1)(values as (number | null)[]);
  const along = line<number | null>(x, y).defined(isKnown).digits(1)(values as (number | null)[]);
  return html`${index === 0 && html`<path class="area" d="${below ?? ''}" />`}<path
      class="line-${index}"
      d="${along ?? ''}"
    />`;
}
