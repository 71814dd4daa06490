import { budgets, holds } from './budgets';
import type { Budget, Limit } from './budgets';

/** One line of the results. `null` where there is nothing to say. */
export interface Row {
  readonly id: string;
  /** What was measured, as a sentence. */
  readonly what: string;
  /** What else was seen, as sentences. */
  readonly note: string | null;
  readonly unit: string;
  readonly ours: number;
  readonly theirs: number | null;
  /** Who else keeps sessions that way; `null` where ours is compared with nobody or with something that keeps none. */
  readonly rival: string | null;
  /** Ours to theirs: the median of the rounds, the smallest and the largest. */
  readonly ratio: number | null;
  readonly ratioMin: number | null;
  readonly ratioMax: number | null;
  readonly budget: Limit | null;
  readonly aim: Limit | null;
  /** Whether the budget is met: by the ratio or, where nobody is compared with, by our own figure. */
  readonly met: boolean | null;
  readonly aimMet: boolean | null;
  /** Whether a higher or a lower figure is better. */
  readonly better: 'higher' | 'lower';
  /** Operations that failed while this was measured. A row in which ours failed has not met its budget. */
  readonly failed: { readonly ours: number; readonly theirs: number };
  /** What else was seen in the same rounds. */
  readonly detail: { readonly ours: SideDetail; readonly theirs: SideDetail } | null;
}

export interface SideDetail {
  readonly name: string;
  readonly perSecond: number;
  readonly latencyUs: { readonly p50: number; readonly p90: number; readonly p99: number };
  /** CPU time per operation, over all rounds. */
  readonly cpuUs: { readonly app: number; readonly server: number; readonly redis: number };
  /** How many cores the server kept busy. */
  readonly serverCores: number;
}

type Optional = 'note' | 'theirs' | 'rival' | 'ratio' | 'ratioMin' | 'ratioMax' | 'failed' | 'detail';
export type RowFigures = Omit<Row, Optional | 'budget' | 'aim' | 'met' | 'aimMet'> & Partial<Pick<Row, Optional>>;

/**
 * A row with its budget, and whether that is met.
 *
 * @param limits Default: those of the row's id in {@link budgets}, if any.
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
