import { budgets } from '../budgets';
import type { Opened, Round } from '../closed-loop';
import { rowOf } from '../row';
import type { SideDetail } from '../row';
import type { Size } from '../shop';
import type { SideName } from '../sides/side';
import { addOpened } from '../stacks';
import type { StackRound } from '../stacks';
import { alternate, compare, median } from '../statistics';
import type { Case } from './case';

/** A figure of a round that a row can compare. */
export interface Figure {
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** Whether budgets apply to our own figure instead of its ratio to theirs. Default: false. */
  readonly isAbsolute?: boolean;
  readonly of: (round: StackRound) => number;
}

const perOperationUs = (seconds: number, { operations }: StackRound): number => (seconds / operations) * 1e6;

export const figures = {
  perSecond: { unit: '/s', better: 'higher', of: ({ operations, seconds }) => operations / seconds },
  p99: { unit: 'µs', better: 'lower', of: ({ latencyUs }) => latencyUs.p99 },
  p50: { unit: 'µs', better: 'lower', of: ({ latencyUs }) => latencyUs.p50 },
  /** Absolute, because an application has to wait that long, whatever its previous library took. */
  p99Alone: { unit: 'ms', better: 'lower', isAbsolute: true, of: ({ latencyUs }) => latencyUs.p99 / 1000 },
  appCpu: { unit: 'µs', better: 'lower', of: (round) => perOperationUs(round.cpuSeconds.app, round) },
  redisCpu: { unit: 'µs', better: 'lower', of: (round) => perOperationUs(round.cpuSeconds.redis, round) },
  allCpu: {
    unit: 'µs',
    better: 'lower',
    of: (round) => perOperationUs(round.cpuSeconds.app + round.cpuSeconds.server + round.cpuSeconds.redis, round),
  },
  /** The throughput of a server with a core to itself. */
  perServerCpuSecond: {
    unit: '/s',
    better: 'higher',
    of: ({ operations, cpuSeconds }) => operations / cpuSeconds.server,
  },
} as const satisfies Record<string, Figure>;

export interface ComparisonOptions {
  readonly ours: SideName;
  readonly theirs: SideName;
  readonly size: Size;
  readonly inFlight: number;
  readonly writeShare: number;
  /** See {@link Round.hotShare}. */
  readonly hotShare?: number;
  /** Whether theirs is a session library that ours competes with, rather than a yardstick. */
  readonly isRival: boolean;
  /** Whether to use {@link Plan.careful}. Default: if a row has a budget. */
  readonly isCareful?: boolean;
  readonly rows: readonly { readonly id: string; readonly what: string; readonly figure: Figure }[];
}

/** Compares two sides under the same load, in alternating rounds after one round of each that does not count. */
export function comparison(options: ComparisonOptions): Case {
  const { ours, theirs, size, inFlight, writeShare, hotShare, isRival, rows } = options;
  const { isCareful = rows.some(({ id }) => id in budgets) } = options;
  return {
    rows: rows.map(({ id }) => id),
    async run({ plan, stack }) {
      const { rounds, milliseconds } = isCareful ? plan.careful : plan.brief;
      const round: Round = { inFlight, writeShare, milliseconds, ...(hotShare !== undefined && { hotShare }) };
      const a = await stack(ours, size);
      const b = await stack(theirs, size);
      const take = (count: number) =>
        alternate(
          count,
          () => a.run(round),
          () => b.run(round),
        );
      for (const used of [a, b]) await used.settle();
      await take(1);
      const pairs = await take(rounds);
      const failures = (side: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[side].failed, 0);
      const opened = pairs.flatMap(([mine]) => (mine.opened === undefined ? [] : [mine.opened]));
      const shared = {
        note: opened.length === 0 ? null : openedText(addOpened(opened)),
        rival: isRival ? theirs : null,
        failed: { ours: failures(0), theirs: failures(1) },
        detail: {
          ours: detailOf(
            ours,
            pairs.map((pair) => pair[0]),
          ),
          theirs: detailOf(
            theirs,
            pairs.map((pair) => pair[1]),
          ),
        },
      };
      return rows.map(({ id, what, figure }) => {
        const { unit, better, isAbsolute = false }: Figure = figure;
        const { min, max, ratio, ...compared } = compare(pairs, figure.of);
        const ratios = isAbsolute ? {} : { ratio, ratioMin: min, ratioMax: max };
        return rowOf({ id, what, unit, better, ...compared, ...ratios, ...shared });
      });
    },
  };
}

function openedText({ live, validated, missed }: Opened): string {
  const share = (count: number) =>
    (count / (live + validated + missed)).toLocaleString('en', { style: 'percent', maximumFractionDigits: 1 });
  return `Opened: ${share(live)} live, ${share(validated)} validated, ${share(missed)} missed.`;
}

function detailOf(name: SideName, rounds: readonly StackRound[]): SideDetail {
  const total = (pick: (round: StackRound) => number) => rounds.map(pick).reduce((a, b) => a + b, 0);
  const operations = total((round) => round.operations);
  const cpuUs = (process: 'app' | 'server' | 'redis') =>
    (total((round) => round.cpuSeconds[process]) / operations) * 1e6;
  const percentile = (p: 'p50' | 'p90' | 'p99') => median(rounds.map(({ latencyUs }) => latencyUs[p]));
  return {
    name,
    perSecond: median(rounds.map(figures.perSecond.of)),
    latencyUs: { p50: percentile('p50'), p90: percentile('p90'), p99: percentile('p99') },
    cpuUs: { app: cpuUs('app'), server: cpuUs('server'), redis: cpuUs('redis') },
    serverCores: total((round) => round.cpuSeconds.server) / total((round) => round.seconds),
  };
}
