/** `problem`: must be repaired. `warning`: works, with a risk. `unknown`: could not be examined. */
export type FindingStatus = 'ok' | 'warning' | 'problem' | 'unknown';

/** The outcome of one check. */
export interface Finding {
  /** What was examined. */
  readonly check: string;
  /** Which server; absent: all of them, or the only one. */
  readonly server?: string | undefined;
  readonly status: FindingStatus;
  /** What was found. */
  readonly found: string;
  /** What to do; absent: nothing. */
  readonly advice?: string | undefined;
}

export const ok = (check: string, found: string): Finding => ({ check, status: 'ok', found });
export const warning = (check: string, found: string, advice: string): Finding => ({
  ...{ check, status: 'warning', found, advice },
});
export const problem = (check: string, found: string, advice: string): Finding => ({
  ...{ check, status: 'problem', found, advice },
});
export const unknown = (check: string, found: string, advice: string): Finding => ({
  ...{ check, status: 'unknown', found, advice },
});
