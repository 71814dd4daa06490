import { describe, expect, test } from '@jest/globals';
import { budgets, holds } from '../../bench/src/budgets';
import { allCases, selectCases } from '../../bench/src/cases';
import { drawPicture, timesBetter } from '../../bench/src/plot';
import { isLoss, markdownResults, markdownTable, terminalTable } from '../../bench/src/report';
import type { Report } from '../../bench/src/report';
import { rowOf } from '../../bench/src/row';
import type { RowFigures } from '../../bench/src/row';
import { matrixSizes, shopSession, sizes } from '../../bench/src/shop';
import type { Size } from '../../bench/src/shop';

const measured: RowFigures = {
  id: 'read-300b-64',
  what: 'Loading sessions.',
  unit: '/s',
  better: 'higher',
  ours: 30_000,
  theirs: 40_000,
  rival: 'ioredis-hgetall',
  ratio: 0.75,
  ratioMin: 0.7,
  ratioMax: 0.8,
};
const memory: RowFigures = { id: 'memory-idle', what: 'Memory.', unit: 'MB', better: 'lower', ours: 81 };

const report: Report = {
  date: '2026-01-02T03:04:05.678Z',
  full: true,
  machine: { cpu: 'A CPU', cores: 2, memoryGb: 8, os: 'Linux 6.1' },
  versions: { 'Node.js': '20.20.2' },
  rows: [rowOf(measured), rowOf(memory), rowOf({ ...measured, id: 'mix50-4kb-8', ratio: 1.2 })],
};

describe('rowOf()', () => {
  test('judges the ratio by the budget of its id', () => {
    expect(rowOf(measured)).toMatchObject({ budget: { atLeast: 0.6 }, aim: { atLeast: 1 }, met: true, aimMet: false });
    expect(rowOf({ ...measured, ratio: 0.59 })).toMatchObject({ met: false, aimMet: false });
  });

  test('compares our own figure with the budget if there is no rival', () => {
    expect(rowOf(memory)).toMatchObject({
      theirs: null,
      ratio: null,
      budget: { atMost: 80 },
      met: false,
      aimMet: false,
    });
  });

  test('says nothing about rows without a budget', () => {
    expect(rowOf({ ...measured, id: 'read-4kb-1' })).toMatchObject({
      budget: null,
      aim: null,
      met: null,
      aimMet: null,
    });
  });

  test('a row in which our operations failed has missed its budget', () => {
    expect(rowOf({ ...measured, failed: { ours: 1, theirs: 0 } }).met).toBe(false);
    expect(rowOf({ ...measured, failed: { ours: 0, theirs: 1 } }).met).toBe(true);
  });

  test('survives JSON as it is', () => {
    const row = rowOf(measured);
    expect(JSON.parse(JSON.stringify(row))).toEqual(row);
  });
});

test('limits hold at the limit itself', () => {
  expect([holds({ atLeast: 1 }, 1), holds({ atLeast: 1 }, 0.99)]).toEqual([true, false]);
  expect([holds({ atMost: 1 }, 1), holds({ atMost: 1 }, 1.01)]).toEqual([true, false]);
});

describe('the cases', () => {
  const ids = allCases.flatMap(({ rows }) => rows);

  test('no two rows have the same id', () => {
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('every budget has a row', () => {
    expect(ids).toEqual(expect.arrayContaining(Object.keys(budgets)));
  });

  test('cover each size, number in flight and mix', () => {
    for (const size of matrixSizes) {
      for (const inFlight of [1, 8, 64, 256]) {
        for (const name of ['read', 'unary', 'mix100', 'mix90', 'mix50'])
          expect(ids).toContain(`${name}-${size}-${inFlight}`);
      }
    }
  });

  test('show what each size costs', () => {
    for (const size of Object.keys(sizes)) {
      for (const figure of ['rate', 'p99', 'cpu-app', 'cpu-all']) expect(ids).toContain(`size-${size}-${figure}`);
    }
  });

  test('a pattern selects those with a matching row', () => {
    const selected = selectCases({ pattern: /^mix/, quick: false }).flatMap(({ rows }) => rows);
    expect(selected.filter((id) => id.startsWith('mix'))).toHaveLength(36);
    expect(selected).toContain('cpu-app-mix90');
    expect(selected).not.toContain('read-300b-64');
  });

  test('soak selects the long runs, without and with the cache of the client', () => {
    const rows = selectCases({ pattern: /soak/, quick: false }).flatMap((each) => each.rows);
    const names = ['memory-after-1m', 'memory-flat', 'handles-leaked'];
    expect(rows).toEqual([...names, ...names.map((name) => `cached-${name}`)]);
  });

  test('a quick run has every budget but those of the long run', () => {
    const quick = selectCases({ quick: true }).flatMap(({ rows }) => rows);
    const missing = Object.keys(budgets).filter((id) => !quick.includes(id));
    const long = /^(cached-)?(memory-after-1m|memory-flat|handles-leaked)$|^(go|python)-/;
    expect(missing.filter((id) => !long.test(id))).toEqual([]);
    expect(missing).toEqual(expect.arrayContaining(['memory-flat', 'cached-memory-flat', 'go-scs-idle-8']));
  });
});

test.each(Object.entries(sizes))('sessions of size %s have three keys and are about that long', (size, { bytes }) => {
  const lengths = [0, 5000, 9999].map((n) => JSON.stringify(shopSession(n, size as Size)).length);
  expect(Object.keys(shopSession(0, size as Size))).toHaveLength(3);
  expect(new Set(lengths).size).toBe(1);
  expect(Math.abs(lengths[0]! - bytes)).toBeLessThan(40);
});

describe('isLoss()', () => {
  const row = rowOf({ ...measured, id: 'mix50-4kb-8' });

  test('is a rival that is better, whether less or more is better', () => {
    expect(isLoss({ ...row, ratio: 0.99 })).toBe(true);
    expect(isLoss({ ...row, ratio: 1.01 })).toBe(false);
    expect(isLoss({ ...row, ratio: 1.01, better: 'lower' })).toBe(true);
  });

  test('is a missed budget, and nothing else without a rival', () => {
    expect(isLoss({ ...row, rival: null, ratio: 0.5 })).toBe(false);
    expect(isLoss({ ...row, rival: null, ratio: 0.5, met: false })).toBe(true);
  });
});

describe('the table for terminals', () => {
  test('has a sentence, the figures and the verdict for each row', () => {
    const text = terminalTable(report.rows, 160);
    for (const part of [
      'read-300b-64',
      'Loading sessions.',
      '30,000/s',
      '40,000/s',
      '0.75x (0.7–0.8)',
      '≥ 0.6x',
      '≥ 1x',
      'met',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).toMatch(/memory-idle .* 81 MB .* ≤ 80 .* MISSED/);
  });
});

describe('the results in the page', () => {
  const text = markdownResults(report, 'latest.svg');

  test('state date, machine and versions', () => {
    expect(text).toContain('Full run of 2026-01-02 on 2 cores of A CPU, 8 GB of memory, Linux 6.1.');
    expect(text).toContain('Node.js 20.20.2');
  });

  test('name missed budgets first, then other losses, then everything', () => {
    const order = ['- `memory-idle`: budget ≤ 80 missed: 81 MB.', '- `read-300b-64`: 0.75x', '| `mix50-4kb-8`'];
    const places = order.map((part) => text.indexOf(part));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(text).not.toContain('- `mix50-4kb-8`');
  });
});

test('tables in the page have columns as wide as their widest cell', () => {
  expect(markdownTable(['a', 'long title'], [['wide cell', 'x']])).toBe(
    ['| a         | long title |', '| --------- | ---------- |', '| wide cell | x          |'].join('\n'),
  );
});

describe('the picture', () => {
  test('is an SVG that names each row with a budget', () => {
    const svg = drawPicture(report);
    expect(svg).toMatch(/^<svg [^]*<\/svg>\n$/);
    expect(svg).toContain('read-300b-64: 0.75x');
    expect(svg).toContain('memory-idle: 81 MB');
    expect(svg).not.toContain('NaN');
  });

  test('can be drawn from a run that measured only some rows', () => {
    expect(drawPicture({ ...report, rows: [] })).not.toContain('NaN');
  });

  test('places budgets so that more is better and 1 is just met', () => {
    expect(timesBetter({ atLeast: 0.5 }, 1)).toBe(2);
    expect(timesBetter({ atMost: 80 }, 40)).toBe(2);
    expect(timesBetter({ atMost: 0 }, 0)).toBe(1);
    expect(timesBetter({ atMost: 0 }, 3)).toBeLessThan(1);
  });
});
