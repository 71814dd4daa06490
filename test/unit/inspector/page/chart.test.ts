import { describe, expect, test } from '@jest/globals';
import { chart } from '../../../../server/src/inspector/page/chart';
import { sourceOf } from '../../../../server/src/inspector/page/html';

const draw = (...values: (number | null)[]): string =>
  sourceOf(
    chart({ title: 'Calls', series: [{ name: 'all', values }], format: String, capacity: 5, span: '10 minutes' }),
  );
const lineIn = (svg: string): string => /class="line-0"\s+d="([^"]*)"/.exec(svg)?.[1] ?? 'no line';

describe('a chart', () => {
  test('ends on the right with its newest value, and reaches the top with its highest', () => {
    expect(lineIn(draw(0, 10))).toBe('M180,55L240,1');
    expect(lineIn(draw(10, 5, 0, 5, 10))).toBe('M0,1L60,28L120,55L180,28L240,1');
  });

  test('leaves gaps where there is no value', () => {
    expect(lineIn(draw(10, 10, null, 10, 10))).toBe('M0,1L60,1M180,1L240,1');
  });

  test.each([
    ['without values', []],
    ['of zeros', [0, 0]],
    ['of nothing known', [null, null]],
  ])('%s has no number that cannot be drawn', (_, values) => {
    expect(draw(...values)).not.toMatch(/NaN|Infinity|undefined|null/);
  });

  test('says its figures as text', () => {
    expect(draw(3, 7, 5)).toContain('aria-label="Calls, last 10 minutes: now all 5; highest 7"');
    expect(draw()).toContain('aria-label="Calls, last 10 minutes: now all –; highest –"');
  });
});
