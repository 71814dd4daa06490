import { budgets, holds } from './budgets';
import type { Budget, Limit } from './budgets';

/** One row of the results. */
export interface Row {
  readonly id: string;
  /** What was measured, in a sentence. */
  readonly what: string;
  /** Further observations, in sentences. */
  readonly note: string | null;
  readonly unit: string;
  readonly ours: number;
  readonly theirs: number | null;
  /** The session library that ours is compared with; `null` without a comparison, or if theirs is not a session library. */
  readonly rival: string | null;
  /** Ours divided by theirs: the median of the rounds; below, the smallest and the largest. */
  readonly ratio: number | null;
  readonly ratioMin: number | null;
  readonly ratioMax: number | null;
  readonly budget: Limit | null;
  readonly aim: Limit | null;
  /** Whether the ratio meets the budget, or our own figure in a row without a ratio. */
  readonly met: boolean | null;
  readonly aimMet: boolean | null;
  /** Whether a higher or a lower figure is better. */
  readonly better: 'higher' | 'lower';
  /** Operations that failed during the measurement. A failure of ours counts as a missed budget. */
  readonly failed: { readonly ours: number; readonly theirs: number };
  /** Other figures of the same rounds. */
  readonly detail: { readonly ours: SideDetail; readonly theirs: SideDetail } | null;
}

export interface SideDetail {
  readonly name: string;
  readonly perSecond: number;
  readonly latencyUs: { readonly p50: number; readonly p90: number; readonly p99: number };
  /** CPU time per operation, over all rounds. */
  readonly cpuUs: { readonly app: number; readonly server: number; readonly redis: number };
  /** The number of cores that the server kept busy. */
  readonly serverCores: number;
}

type Optional = 'note' | 'theirs' | 'rival' | 'ratio' | 'ratioMin' | 'ratioMax' | 'failed' | 'detail';
export type RowFigures = Omit<Row, Optional | 'budget' | 'aim' | 'met' | 'aimMet'> & Partial<Pick<Row, Optional>>;

/**
 * Completes a row with its budget and whether it meets it.
 *
 * @param limits default: the budget of the row's id in {@link budgets}, if there is one
 */
export function rowOf(figures: RowFigures, limits: Budget | undefined = budgets[figures.id]): Row {
  const { ours, ratio = null, failed = { ours: 0, theirs: 0 } } = figures;
  const { budget = null, aim = null } = limits ?? {};
  const judge = (limit: Limit | null) => limit && failed.ours === 0 && holds(limit, ratio ?? ours);
  return {
    note: null,
    theirs: null,
    rival: null,
    ratioMin: null,
    ratioMax: null,
    detail: null,
    ...figures,
    ratio,
    failed,
    budget,
    aim,
    met: judge(budget),
    aimMet: judge(aim),
  };
}
