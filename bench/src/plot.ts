import { init } from 'echarts';
import type { EChartsOption, SeriesOption } from 'echarts';
import { matrixSizes, sizes } from './shop';
import type { Size } from './shop';
import type { Limit } from './budgets';
import type { Report } from './report';
import type { Row } from './row';

const inkColor = '#334155';
const metColor = '#15803d';
const missedColor = '#b91c1c';
const aimColor = '#94a3b8';

/** The peers whose throughput is compared. `name` is the first part of the row ids. */
const peers = [
  { name: 'read', label: 'load, ioredis HGETALL', color: '#2563eb' },
  { name: 'unary', label: 'load, unary grpc-js', color: '#9333ea' },
  { name: 'mix100', label: 'web request, all read, connect-redis', color: '#0891b2' },
  { name: 'mix90', label: 'web request, 10 % write, connect-redis', color: '#ea580c' },
  { name: 'mix50', label: 'web request, half write, connect-redis', color: '#ca8a04' },
] as const;

const width = 1200;
const lineHeight = 26;
const left = 300;

/** Draws an SVG. The upper half shows how far each row is from its budget, the lower half the throughput relative to each peer. */
export function drawPicture({ rows, date, machine }: Report): string {
  const budgeted = rows.filter(({ budget }) => budget !== null).reverse();
  const matrixTop = 165 + budgeted.length * lineHeight;
  const height = matrixTop + 390;
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  const matrix = matrixOf(rows);
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'sans-serif', color: inkColor },
    title: [
      title(
        'Budgets: met if right of the line; the diamond is the aim',
        `${date.slice(0, 10)}, ${machine.cores} cores of ${machine.cpu}`,
        10,
      ),
      title('Throughput: ours / theirs by operations in flight', 'above 1 the sidecar is ahead', matrixTop - 50),
      ...sizeNames.map((size, n) => ({
        ...{ text: `sessions of about ${sizes[size].words}`, left: gridLeft(n), top: matrixTop },
        textStyle: { fontSize: 12, fontWeight: 'normal' as const },
      })),
    ],
    legend: {
      top: height - 50,
      left: 'center',
      itemGap: 45,
      textStyle: { fontSize: 11 },
      data: peers.map(({ label }) => label),
    },
    grid: [
      { left, right: 60, top: 60, height: budgeted.length * lineHeight },
      ...sizeNames.map((_, n) => ({ left: gridLeft(n), width: gridWidth - 60, top: matrixTop + 25, height: 260 })),
    ],
    xAxis: [
      {
        ...{
          type: 'log',
          logBase: 2,
          gridIndex: 0,
          name: 'times better than the budget',
          nameLocation: 'middle',
          nameGap: 28,
        },
        axisLabel: { formatter: '{value}x' },
      },
      ...sizeNames.map((_, n) => ({ type: 'category' as const, gridIndex: n + 1, data: ['1', '8', '64', '256'] })),
    ],
    yAxis: [
      { type: 'category', gridIndex: 0, data: budgeted.map(axisLabel), axisTick: { show: false } },
      ...sizeNames.map((_, n) => ({
        type: 'log' as const,
        logBase: 2,
        gridIndex: n + 1,
        axisLabel: { formatter: '{value}x' },
      })),
    ],
    series: [...budgetSeries(budgeted), ...matrix],
  } as EChartsOption);
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

const sizeNames: readonly Size[] = matrixSizes;
const gridWidth = width / sizeNames.length;
const gridLeft = (n: number): number => n * gridWidth + 50;

function title(text: string, subtext: string, top: number) {
  return { text, subtext, top, left: 20, itemGap: 4, textStyle: { fontSize: 16, color: inkColor } };
}

/** How many times better a value is than a limit. 1 means that it just meets the limit. */
export function timesBetter(limit: Limit, value: number): number {
  if ('atLeast' in limit) return value / limit.atLeast;
  // A limit of 0 has no ratio: 0 just meets it, and anything above is drawn as a clear miss.
  if (limit.atMost === 0) return value <= 0 ? 1 : 0.1;
  // The axis is logarithmic, so a value of 0 is drawn as 100 times better.
  return limit.atMost / Math.max(value, limit.atMost / 100);
}

function budgetSeries(rows: readonly Row[]): SeriesOption[] {
  const valueOf = ({ ratio, ours }: Row) => ratio ?? ours;
  const better = (row: Row) => timesBetter(row.budget!, valueOf(row));
  return [
    {
      ...{ type: 'scatter', xAxisIndex: 0, yAxisIndex: 0, symbolSize: 12 },
      data: rows.map((row, n) => ({ value: [better(row), n], itemStyle: { color: row.met ? metColor : missedColor } })),
      markLine: {
        ...{ silent: true, symbol: 'none', label: { show: false }, lineStyle: { color: inkColor, type: 'solid' } },
        data: [{ xAxis: 1 }],
      },
    },
    {
      ...{ type: 'scatter', xAxisIndex: 0, yAxisIndex: 0, symbol: 'diamond', symbolSize: 9, color: aimColor, z: 1 },
      data: rows.flatMap(({ budget, aim }, n) => {
        const place = aim === null ? 1 : 1 / timesBetter(aim, 'atLeast' in budget! ? budget.atLeast : budget!.atMost);
        return place > 1 ? [[place, n]] : [];
      }),
    },
    {
      ...{ type: 'custom', xAxisIndex: 0, yAxisIndex: 0, z: 1 },
      data: rows.flatMap(({ budget, ratioMin, ratioMax }, n) =>
        ratioMin === null || ratioMax === null
          ? []
          : [[timesBetter(budget!, ratioMin), timesBetter(budget!, ratioMax), n]],
      ),
      renderItem: (_, api) => {
        const [x1 = 0, y1 = 0] = api.coord([api.value(0), api.value(2)]);
        const [x2 = 0, y2 = 0] = api.coord([api.value(1), api.value(2)]);
        return { type: 'line', shape: { x1, y1, x2, y2 }, style: { stroke: inkColor, lineWidth: 2 } };
      },
    },
  ];
}

function axisLabel({ id, ratio, ours, unit }: Row): string {
  const text = (ratio ?? ours).toLocaleString('en', { maximumSignificantDigits: 3 });
  return ratio === null ? `${id}: ${text} ${unit}` : `${id}: ${text}x`;
}

function matrixOf(rows: readonly Row[]): SeriesOption[] {
  const ratios = new Map(rows.map(({ id, ratio }) => [id, ratio]));
  return sizeNames.flatMap((size, n) =>
    peers.map(({ name, label, color }): SeriesOption => {
      const data = ['1', '8', '64', '256'].map((inFlight) => ratios.get(`${name}-${size}-${inFlight}`) ?? null);
      return {
        ...{ type: 'line', name: label, color, data, xAxisIndex: n + 1, yAxisIndex: n + 1, symbolSize: 7 },
        markLine: {
          ...{
            silent: true,
            symbol: 'none',
            label: { show: false },
            lineStyle: { color: inkColor, type: 'solid', width: 1 },
          },
          data: [{ yAxis: 1 }],
        },
      };
    }),
  );
}
