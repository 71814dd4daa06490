import { AdminCalls } from '../admin-calls';
import { adminTargetOf } from '../admin-target';
import { usageError } from '../cli-error';
import type { Invocation } from '../command';
import type { Exit } from '../exit-codes';
import { startBar } from '../progress/bar';
import { numberText } from '../units';

/** What a stream of responses reports. */
interface Report {
  readonly progress: number;
  readonly done: boolean;
}

export function countSessions(invocation: Invocation): Promise<Exit> {
  return withCalls(invocation, async (calls) => {
    const { output, options, interrupted } = invocation;
    if (options['estimate'] === true) {
      const estimate = await calls.call('estimateSessions', {}, interrupted);
      if (estimate === undefined) return 'interrupted';
      const { count, low, high } = estimate;
      if (output.isJson) output.json({ count, low, high });
      else if (low === high) output.line(`${sessionsText(count)}.`);
      else output.line(`About ${sessionsText(count)}: ${numberText(low)} to ${numberText(high)}.`);
      return 'ok';
    }
    const bar = new ProgressBar<Report & { readonly count: number }>(
      invocation,
      ({ count }) => `${numberText(count)} sessions`,
    );
    const last = await calls.call('countSessions', {}, interrupted, bar.update).finally(bar.hide);
    const { count = 0, done = false } = last ?? {};
    if (output.isJson) output.json({ count, done });
    else output.line(`${sessionsText(count)}${done ? '' : ' were counted before the interruption'}.`);
    return done ? 'ok' : 'interrupted';
  });
}

export function revokeSessions(invocation: Invocation): Promise<Exit> {
  const request = requestOf(invocation);
  return withCalls(invocation, async (calls) => {
    const { output, interrupted } = invocation;
    const bar = new ProgressBar<Report & { readonly revokedCount: number }>(
      invocation,
      ({ revokedCount }) => `${numberText(revokedCount)} selected`,
    );
    const last = await calls.call('revokeSessions', request, interrupted, bar.update).finally(bar.hide);
    const { revokedCount: revoked = 0, examinedCount: examined = 0, done = false } = last ?? {};
    const { unknownKeyCount: unknownKeys = 0, unreadableCount: unreadable = 0 } = last ?? {};
    if (output.isJson) output.json({ revoked, examined, unknownKeys, unreadable, dryRun: request.dryRun, done });
    else {
      output.line(`${sessionsText(revoked)} ${endedText(revoked, request.dryRun)}.`);
      if (unknownKeys > 0) output.line(`${sessionsText(unknownKeys)} left alone: no signing key is recorded.`);
      if (unreadable > 0) output.line(`${sessionsText(unreadable)} left alone: the record cannot be read.`);
      if (!done) output.message('Interrupted: there may be more. Repeat the command to end them.');
    }
    return done ? 'ok' : 'interrupted';
  });
}

/** By its attribute names, as the options of the command have them. */
interface RevokeOptions {
  readonly subject?: string;
  readonly olderThan?: number;
  readonly createdBefore?: Date;
  readonly unusedFor?: number;
  readonly signingKey?: string;
  readonly includeUnknownKeys?: true;
  readonly dryRun?: true;
}

function requestOf({ options }: Invocation) {
  const { subject, olderThan, createdBefore, unusedFor, signingKey, includeUnknownKeys, dryRun } =
    options as RevokeOptions;
  const before = (milliseconds: number | undefined): Date | undefined =>
    milliseconds === undefined ? undefined : new Date(Date.now() - milliseconds);
  const others = { createdBefore: createdBefore ?? before(olderThan), notAccessedSince: before(unusedFor), signingKey };
  const given = Object.values(others).filter((value) => value !== undefined).length;
  if (subject === undefined && given === 0) {
    throw usageError('Say which sessions: --subject, --older-than, --created-before, --unused-for or --signing-key.');
  }
  if (subject !== undefined && given > 0) throw usageError('--subject: Expected no other property with it.');
  if (includeUnknownKeys === true && signingKey === undefined) {
    throw usageError('--include-unknown-keys: Expected it only together with --signing-key.');
  }
  return {
    ...others,
    subject: subject ?? '',
    includeUnknownKeys: includeUnknownKeys === true,
    dryRun: dryRun === true,
  };
}

async function withCalls(invocation: Invocation, body: (calls: AdminCalls) => Promise<Exit>): Promise<Exit> {
  const calls = new AdminCalls(adminTargetOf(invocation));
  try {
    return await body(calls);
  } catch (error) {
    throw calls.explain(error);
  } finally {
    calls.close();
  }
}

/** On a terminal, from the first response on. */
class ProgressBar<Response extends Report> {
  #last: Response | undefined;
  #stop: (() => void) | undefined;
  readonly #invocation: Invocation;
  readonly #describe: (response: Response) => string;

  constructor(invocation: Invocation, describe: (response: Response) => string) {
    this.#invocation = invocation;
    this.#describe = describe;
  }

  readonly update = (response: Response): void => {
    this.#last = response;
    const { stderr } = this.#invocation.output;
    if (stderr.isTTY !== true) return;
    this.#stop ??= startBar(stderr, '{found}', 1, () => ({
      done: this.#last?.progress ?? 0,
      payload: { found: this.#last === undefined ? '' : this.#describe(this.#last) },
    }));
  };

  readonly hide = (): void => this.#stop?.();
}

function sessionsText(count: number): string {
  return count === 1 ? '1 session' : `${numberText(count)} sessions`;
}

function endedText(count: number, dryRun: boolean): string {
  if (dryRun) return 'would end';
  return count === 1 ? 'has ended' : 'have ended';
}
