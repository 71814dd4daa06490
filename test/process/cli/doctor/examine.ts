import type { Finding } from '../../../../server/src/cli/doctor/finding';
import { signingKey } from '../../../support/process';
import { run } from '../fixture';
import type { Outcome } from '../fixture';

export interface Report {
  readonly healthy: boolean;
  readonly findings: readonly Finding[];
}

/** A machine that is busy with other tests must not look like a slow Redis. */
export const patience = { REDIS_COMMAND_TIMEOUT: '20s', REDIS_MAX_SILENCE: '20s', REDIS_CONNECT_TIMEOUT: '10s' };

/** Runs the doctor, and gives what it found by check, or by check and server. */
export function examine(settings: Readonly<Record<string, string>>, args: readonly string[] = []) {
  const outcome = run(['doctor', '--json', ...args], {
    settings: { SIGNING_KEYS: signingKey, ...patience, ...settings },
  });
  const { healthy, findings } = parse(outcome);
  const of = (check: string, server?: string): Finding => {
    const found = findings.filter(
      (finding) => finding.check === check && (server === undefined || finding.server === server),
    );
    if (found.length === 0) throw new Error(`There is no check "${check}" in ${JSON.stringify(findings)}.`);
    return found[0]!;
  };
  const withStatus = (...statuses: readonly Finding['status'][]): readonly string[] =>
    findings.filter(({ status }) => statuses.includes(status)).map(({ check }) => check);
  return { ...outcome, healthy, findings, of, withStatus };
}

function parse({ stdout, stderr }: Outcome): Report {
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Report;
}

/** Settings of Redis with which the doctor finds nothing. */
export const soundRedis = ['--maxmemory', '100mb', '--appendonly', 'yes'];
