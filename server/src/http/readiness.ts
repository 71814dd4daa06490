import type { StorePart } from '../session/session-store';

/** Whether calls can succeed, and what they depend on. */
export interface Readiness {
  readonly ready: boolean;
  readonly parts: readonly StorePart[];
}

/**
 * The body of `/readyz`: one line for each part that is not ready, or `ready`.
 *
 * @param verbose whether the parts that are ready get a line too
 */
export function readinessText({ ready, parts }: Readiness, verbose: boolean): string {
  const failing = parts.filter((part) => !part.ready).map((part) => `not ready: ${describe(part)}`);
  const working = verbose ? parts.filter((part) => part.ready).map((part) => `ready: ${describe(part)}`) : [];
  const summary = ready ? ['ready'] : failing.length > 0 ? [] : ['not ready'];
  return [...summary, ...failing, ...working].map((line) => `${line}\n`).join('');
}

function describe({ name, reason, since }: StorePart): string {
  return `${name}${reason === undefined ? '' : `: ${reason}`} since ${new Date(since).toISOString()}`;
}
