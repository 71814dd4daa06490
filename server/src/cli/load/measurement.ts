import { setTimeout } from 'node:timers/promises';
import { CallError } from '../sidecar-calls';
import type { SidecarCalls } from '../sidecar-calls';
import { Latencies } from './latencies';
import { callTimeoutMs, setValue } from './load-sessions';

export interface MeasurementPlan {
  readonly durationMs: number;
  readonly inFlight: number;
  readonly readRatio: number;
  /** Of the values that updates store. */
  readonly bytes: number;
}

/** After a failed call, so that failures at once do not become a busy loop. */
const pauseMs = 10;

/** Calls in a closed loop: each of a fixed number of slots starts its next call when the one before is answered. */
export class Measurement {
  readonly reads = new Latencies();
  readonly updates = new Latencies();
  readonly all = new Latencies();
  /** Failed calls by reason. */
  readonly errors = new Map<string, number>();
  readonly #plan: MeasurementPlan;
  readonly #startedAt = performance.now();
  #endedAt: number | undefined;
  #calls = 0;

  constructor(plan: MeasurementPlan) {
    this.#plan = plan;
  }

  /** Calls that were answered, failures included. */
  get calls(): number {
    return this.#calls;
  }

  get failed(): number {
    return [...this.errors.values()].reduce((sum, count) => sum + count, 0);
  }

  get elapsedMs(): number {
    return (this.#endedAt ?? performance.now()) - this.#startedAt;
  }

  async run(connections: readonly SidecarCalls[], tokens: readonly string[], signal: AbortSignal): Promise<void> {
    const { durationMs, inFlight } = this.#plan;
    const isOver = (): boolean => signal.aborted || this.elapsedMs >= durationMs;
    const slots = Array.from({ length: inFlight }, async (_, slot) => {
      const calls = connections[slot % connections.length]!;
      while (!isOver()) {
        const token = tokens[Math.floor(Math.random() * tokens.length)]!;
        if (!(await this.#callOnce(calls, token))) await setTimeout(pauseMs);
      }
    });
    await Promise.all(slots);
    this.#endedAt = performance.now();
  }

  /** @returns whether it succeeded */
  async #callOnce(calls: SidecarCalls, token: string): Promise<boolean> {
    const isRead = Math.random() < this.#plan.readRatio;
    const mutations = isRead ? [] : [setValue(this.#plan.bytes)];
    const startedAt = performance.now();
    try {
      if (isRead) await calls.call('getSession', { token }, callTimeoutMs);
      else await calls.call('updateSession', { token, mutations }, callTimeoutMs);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this.#calls += 1;
      this.errors.set(error.reason, (this.errors.get(error.reason) ?? 0) + 1);
      return false;
    }
    const milliseconds = performance.now() - startedAt;
    this.#calls += 1;
    for (const latencies of [this.all, isRead ? this.reads : this.updates]) latencies.record(milliseconds);
    return true;
  }
}
