import type { Caller } from './callers';
import { isTrouble } from './check/view';
import { sleep } from './clock';
import type { FaultContext } from './faults/fault';
import type { History, Operation, SessionInfo, Setup } from './history';
import type { Mode } from './modes';
import { observe } from './observers';
import type { PlannedFault, RoundPlan } from './plan';
import { createRandom } from './random';
import { Recorder, watchStalls } from './recorder';
import { hasRecords, sampleRecords } from './topology/records';
import type { World } from './topology/world';
import { Watchers } from './watchers';
import type { Connection } from './worker/connection';
import type { SessionNews } from './worker/protocol';
import { attempt } from './worker/record';

/** What all rounds of a part share. */
export interface Stage {
  readonly world: World;
  readonly mode: Mode;
  readonly callers: readonly Caller[];
  /** For reading the sessions after a round. */
  readonly connections: readonly Connection[];
  readonly setup: Setup;
  /** Called regularly, with the names of the current faults. */
  readonly onProgress: (recorder: Recorder, faults: readonly string[]) => void;
}

/** The result of a round. */
export interface Round {
  readonly history: History;
  /** The sessions that still exist, as far as their calls show. */
  readonly alive: readonly SessionNews[];
}

/** How long calls continue after the last fault, to show whether they succeed again, in ms. */
const calmMs = 2200;
const progressEveryMs = 500;

/** Receives what the callers report during one round. */
export class RoundListener {
  readonly recorder = new Recorder();
  readonly #world: World;
  readonly #sessions = new Map<string, SessionNews>();
  /** Pending lookups of sessions' hash slots. */
  readonly #lookups: Promise<unknown>[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  onOperations(operations: readonly Operation[], stalls: History['stalls']): void {
    this.recorder.operations.push(...operations);
    this.recorder.stalls.push(...stalls);
  }

  onNews(news: SessionNews): void {
    const isNew = !this.#sessions.has(news.name);
    this.#sessions.set(news.name, news);
    if (isNew) this.#lookups.push(this.#locate(news));
  }

  async #locate({ name, idleTimeoutMs, handle }: SessionNews): Promise<void> {
    const slot = await this.#world.slotOf(handle);
    const info: SessionInfo = { name, handle, slot, idleTimeoutMs };
    this.recorder.sessions.push(info);
  }

  async located(): Promise<void> {
    await Promise.all(this.#lookups);
  }

  alive(): SessionNews[] {
    const over = new Set<string>();
    for (const { call, session, token, outcome } of this.recorder.operations) {
      const isLast = this.#sessions.get(session)?.tokenName === token;
      const isNotFound = outcome.status === 'failed' && outcome.code === 'SESSION_NOT_FOUND';
      if (isLast && (isNotFound || call.kind === 'invalidate' || call.kind === 'regenerate')) over.add(session);
    }
    return [...this.#sessions.values()].filter(({ name }) => !over.has(name));
  }
}

/** Makes calls while injecting faults, waits for all of them to end, and reads the remaining sessions. */
export async function playRound(stage: Stage, listener: RoundListener, plan: RoundPlan, seed: number): Promise<Round> {
  const { world, mode, callers, connections, setup } = stage;
  const { recorder } = listener;
  const observers = world.sidecars.map((sidecar) =>
    observe(sidecar, {
      readiness: (sample) => recorder.readiness.push(sample),
      memory: (sample) => recorder.memory.push(sample),
    }),
  );
  const stopStallWatch = watchStalls((stall) => recorder.stalls.push(stall));
  const current = new Set<string>();
  const progress = setInterval(() => {
    stage.onProgress(recorder, [...current]);
  }, progressEveryMs);
  const watchers = plan.workload.users ? await Watchers.start(connections, createRandom(seed)) : undefined;
  callers.forEach((caller, index) => {
    caller.begin({ ...plan.workload, seed: seed + index, round: seed });
  });

  try {
    for (const fault of plan.faults) await injectFault(fault);
    await sleep(calmMs);
    await Promise.all(callers.map((caller) => caller.finish()));
    await listener.located();
    const seen = await look(connections, listener.alive());
    recorder.operations.push(...seen);
    if (seen.some(isTrouble)) {
      // With sidecars that still fail, the state of the sessions would stay unknown, and the next round would be spoiled.
      await Promise.all(world.sidecars.map((sidecar) => sidecar.restart()));
      recorder.operations.push(...(await look(connections, listener.alive())));
    }
    await lookAtRecords(recorder, world);
    recorder.watched = watchers?.watched ?? [];
    await watchers?.settle(() => recorder.history(setup));
  } finally {
    clearInterval(progress);
    stopStallWatch();
    await watchers?.stop();
    await Promise.all(observers.map((stop) => stop()));
  }
  return { history: recorder.history(setup), alive: listener.alive() };

  async function injectFault({ index, pauseMs, seed: faultSeed, besides }: PlannedFault): Promise<void> {
    await sleep(pauseMs);
    const source = createRandom(faultSeed);
    const faults = [mode.faults[index]!, ...(besides === undefined ? [] : [mode.besides[besides]!])];
    await Promise.all(
      faults.map(async (fault) => {
        const random = source.fork();
        const context: FaultContext = {
          random,
          record: (event) => recorder.faults.push(event),
          hold: (min, max) => sleep(random.int(Math.floor(min), Math.ceil(max))),
          sessions: () => recorder.sessions,
          clients: callers,
        };
        current.add(fault.name);
        try {
          await fault.run(world, context);
        } finally {
          current.delete(fault.name);
        }
      }),
    );
  }
}

/** What sidecars have encrypted with, and what the records are under. */
async function lookAtRecords(recorder: Recorder, world: World): Promise<void> {
  recorder.keys = world.sidecars.flatMap(({ keys }) => keys?.periods ?? []);
  if (recorder.keys.length === 0 || !hasRecords(world)) return;
  recorder.records = await sampleRecords(
    world,
    recorder.sessions.map(({ handle }) => handle),
  );
}

let looks = 0;

/** Reads sessions through each sidecar. */
export async function look(connections: readonly Connection[], sessions: readonly SessionNews[]): Promise<Operation[]> {
  const calls = [{ kind: 'read', through: 'api' }, { kind: 'peekFlash' }] as const;
  const operations = await Promise.all(
    sessions.map(async ({ name, tokenName, token }) => {
      const seen: Operation[] = [];
      for (const connection of connections) {
        for (const call of calls) {
          looks += 1;
          const id = `look${looks}`;
          const asked = { id, process: 'checker', session: name, tokenName, token, call, timeoutMs: 1000 };
          seen.push((await attempt(connection, asked)).operation);
        }
      }
      return seen;
    }),
  );
  return operations.flat();
}
