import { randomBytes } from 'node:crypto';
import { Caller } from './callers';
import { checkHistory } from './check';
import { recoveries, unexplained } from './check/recovery';
import { HistoryView, isByOperator } from './check/view';
import { now } from './clock';
import type { Instant } from './clock';
import type { FaultEvent, History, Setup, SubjectLimit, Violation } from './history';
import type { Slack } from './slack';
import { planRound } from './plan';
import type { Part } from './plan';
import { createRandom } from './random';
import type { Random } from './random';
import type { Recorder } from './recorder';
import { look, playRound, RoundListener } from './round';
import type { Round, Stage } from './round';
import { openConnection } from './worker/connection';

/** The options that all parts of a run share. */
export interface RunOptions {
  readonly program: string;
  readonly slack: Slack;
  readonly transports: readonly ('pipeline' | 'unary')[];
  readonly sockets: readonly ('tcp' | 'unix')[];
  /** The bundles of the calling process and of the program that shifts its clock. */
  readonly workerProgram: string;
  readonly clockPreload: string;
  readonly onProgress: (progress: PartProgress) => void;
  /** Called after each round. */
  readonly onRound: (round: number, history: History, violations: readonly Violation[], logs: string) => void;
}

export interface PartProgress {
  readonly part: Part;
  readonly round: number;
  readonly recorder: Recorder;
  readonly faults: readonly string[];
  /** The result of the previous rounds. */
  readonly result: PartResult;
}

/** The result of a part. */
export interface PartResult {
  readonly part: Part;
  rounds: number;
  readonly outcomes: Outcomes;
  /** The number of failures that no fault explains. */
  unexplained: number;
  /** The number of calls that ended more than 100 ms after their deadline. */
  late: number;
  readonly faults: FaultEvent[];
  /** How long calls took to succeed again, in ms, for each fault and sidecar for which it counts. */
  readonly recoveries: { readonly kind: string; readonly milliseconds: number }[];
  readonly violations: Violation[];
  peakBytes: number;
  /** Why it ended early, for example because a fault could not be injected. Not a violation. */
  endedBy?: string;
}

export interface Outcomes {
  ok: number;
  /** Certainly not applied. */
  failed: number;
  /** Possibly applied. */
  ambiguous: number;
}

const memoryLimitBytes = 256 * 2 ** 20;
/** With the short one, sessions expire within a round. With the long one, a cache answers for as long as it may. */
const touchIntervalsMs = [300, 20_000] as const;
/** How many sessions of a round are read again after the next one. */
const maxCarried = 6;

/** Starts a mode, plays rounds until the part's time is over, and stops everything. */
export async function runPart(part: Part, options: RunOptions): Promise<PartResult> {
  const random = createRandom(part.seed);
  const result: PartResult = {
    part,
    ...{ rounds: 0, outcomes: { ok: 0, failed: 0, ambiguous: 0 }, unexplained: 0, late: 0, peakBytes: 0 },
    ...{ faults: [], recoveries: [], violations: [] },
  };
  const touchIntervalMs =
    part.mode.readingSidecar === undefined && part.mode.clientCache !== true
      ? random.pick(touchIntervalsMs)
      : touchIntervalsMs[1];
  const { clientCache = false, limited = false, encrypted = false, operator = false } = part.mode;
  const subjectLimit = limited ? pickLimit(random) : undefined;
  const setup: Setup = {
    ...{ nearCache: part.nearCache, clientCache, touchIntervalMs, memoryLimitBytes, slack: options.slack },
    subjectLimit,
  };
  const hasClocks = part.mode.name === 'clock';
  const world = await part.mode.start(
    {
      ...{ program: options.program, sockets: options.sockets, nearCache: part.nearCache, touchIntervalMs },
      clockPreload: hasClocks ? options.clockPreload : undefined,
      ...{ subjectLimit, operator, encryptionKeys: encrypted ? [randomBytes(32).toString('base64')] : undefined },
    },
    random.fork(),
  );
  let listener = new RoundListener(world);
  const callers = options.transports.map(
    () =>
      new Caller(options.workerProgram, options.clockPreload, {
        onNews(news) {
          listener.onNews(news);
          for (const caller of callers) caller.send({ type: 'news', news });
        },
        onOperations: (operations, stalls) => {
          listener.onOperations(operations, stalls);
        },
      }),
  );
  const connections = world.sidecars.map(({ name, address }) =>
    openConnection({ sidecar: name, address }, { transport: 'pipeline', cache: false }),
  );
  const stage: Stage = {
    ...{ world, mode: part.mode, callers, connections, setup },
    onProgress: (recorder, faults) => {
      options.onProgress({ part, round: result.rounds + 1, recorder, faults, result });
    },
  };
  try {
    await Promise.all(
      callers.map((caller, index) =>
        caller.setUp({
          ...{ name: String.fromCharCode(112 + index), index, count: callers.length, touchIntervalMs },
          targets: world.sidecars.map(({ name, address, adminAddress }) => ({ sidecar: name, address, adminAddress })),
          transport: options.transports[index]!,
          cache: clientCache,
        }),
      ),
    );
    const end = now() + part.milliseconds;
    let previous: Round | undefined;
    do {
      listener = new RoundListener(world);
      const plan = planRound(part.mode, end - now(), random);
      const round = await playRound(stage, listener, plan, random.int(0, 0x7fff_ffff));
      const violations = checkHistory(round.history);
      if (previous !== undefined) violations.push(...(await readAgain(stage, previous, round)));
      result.rounds += 1;
      addTo(result, round.history, violations);
      const logs = [
        ...world.sidecars.map(({ name, output }) => `sidecar ${name}\n${output}\n`),
        ...world.servers.map(({ output }) => output),
      ].join('\n');
      options.onRound(result.rounds, round.history, violations, logs);
      previous = { ...round, alive: random.shuffle(round.alive).slice(0, maxCarried) };
    } while (now() < end - minRoundMs);
  } catch (error) {
    result.endedBy = String(error);
  } finally {
    for (const connection of connections) connection.close();
    await Promise.all(callers.map((caller) => caller.stop()));
    await world.stop();
  }
  return result;
}

function pickLimit(random: Random): SubjectLimit {
  return { max: random.int(1, 4), action: random.pick(['end-oldest', 'refuse'] as const) };
}

/** No round begins with less time than this. */
const minRoundMs = 3000;

/** Reads sessions of the previous round again, to find changes that took effect after its end. An operator may have ended them. */
async function readAgain({ connections }: Stage, previous: Round, round: Round): Promise<Violation[]> {
  const known = new Set(checkHistory(previous.history).map(({ message }) => message));
  const later = await look(connections, previous.alive);
  const extended: History = {
    ...previous.history,
    operations: [...previous.history.operations, ...round.history.operations.filter(isByOperator), ...later],
    faults: [...previous.history.faults, ...round.history.faults],
    stalls: [...previous.history.stalls, ...round.history.stalls],
  };
  return checkHistory(extended).filter(({ message }) => !known.has(message));
}

const lateMs = 100;

function addTo(result: PartResult, history: History, violations: readonly Violation[]): void {
  const view = new HistoryView(history);
  for (const { outcome, completed, deadline } of history.operations) {
    const isAmbiguous = outcome.status === 'open' || (outcome.status === 'failed' && outcome.maybeApplied);
    result.outcomes[outcome.status === 'ok' ? 'ok' : isAmbiguous ? 'ambiguous' : 'failed'] += 1;
    if (isLate(completed, deadline)) result.late += 1;
  }
  result.unexplained += unexplained(view).length;
  result.faults.push(...history.faults);
  for (const { fault, milliseconds, counts } of recoveries(view)) {
    if (counts) result.recoveries.push({ kind: fault.kind, milliseconds: milliseconds ?? Infinity });
  }
  // Without operations, which would keep whole histories in memory.
  result.violations.push(...violations.map((violation) => ({ ...violation, operations: [] })));
  result.peakBytes = history.memory.reduce(
    (most, { residentBytes }) => Math.max(most, residentBytes),
    result.peakBytes,
  );
}

function isLate(completed: Instant, deadline: Instant): boolean {
  return completed > deadline + lateMs;
}
