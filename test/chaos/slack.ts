/** How much later than promised something may happen on a busy machine, in ms. */
export interface Slack {
  /** How long after its caller has given up a change may take effect: the error of the estimate of Redis's clock. */
  readonly lateMs: number;
  /** Added to the second within which calls must succeed again. */
  readonly recoveryMs: number;
  /** Added to the deadline of a call. */
  readonly deadlineMs: number;
  /** Added to the bound of staleness. */
  readonly stalenessMs: number;
}

export const defaultSlack: Slack = { lateMs: 200, recoveryMs: 500, deadlineMs: 1000, stalenessMs: 250 };

/** The default slack times `factor`, for a busy machine. */
export function slackTimes(factor: number): Slack {
  const { lateMs, recoveryMs, deadlineMs, stalenessMs } = defaultSlack;
  return {
    lateMs: lateMs * factor,
    recoveryMs: recoveryMs * factor,
    deadlineMs: deadlineMs * factor,
    stalenessMs: stalenessMs * factor,
  };
}

/** The promised bound of staleness, and the time within which a broken connection must be replaced, in ms. */
export const stalenessBoundMs = 1000;
export const recoveryBoundMs = 1000;
