import { randomBytes } from 'node:crypto';
import type { Mutation } from '@session-sidecar/proto/session/v1/session';
import type { SidecarCalls } from '../sidecar-calls';

/** Time limit of one call, in ms. */
export const callTimeoutMs = 10_000;

/** The mutation that stores a value of so many bytes, quotes included. */
export function setValue(bytes: number): Mutation {
  const text = randomBytes(bytes)
    .toString('base64')
    .slice(0, bytes - 2);
  return { kind: { $case: 'set', value: { key: 'load', value: Buffer.from(`"${text}"`) } } };
}

export interface SessionsPlan {
  readonly sessions: number;
  readonly bytes: number;
  readonly inFlight: number;
  /** After which sessions that were not ended expire, in seconds. */
  readonly idleSeconds: number;
}

/** The sessions that load is generated on. */
export class LoadSessions {
  readonly #connections: readonly SidecarCalls[];
  readonly #plan: SessionsPlan;
  readonly tokens: string[] = [];

  constructor(connections: readonly SidecarCalls[], plan: SessionsPlan) {
    this.#connections = connections;
    this.#plan = plan;
  }

  /** @throws CallError at the first failure; what was created until then is in {@link tokens} */
  async create(signal: AbortSignal): Promise<void> {
    const { sessions, bytes, inFlight, idleSeconds } = this.#plan;
    const idleExpiry = { $case: 'idleTimeout', value: { seconds: idleSeconds, nanos: 0 } } as const;
    await inParallel(inFlight, sessions, async (index) => {
      if (signal.aborted) return;
      const request = { mutations: [setValue(bytes)], idleExpiry };
      const { token } = await this.#connection(index).call('createSession', request, callTimeoutMs);
      this.tokens.push(token);
    });
  }

  /** @returns the number of sessions that could not be ended */
  async end(): Promise<number> {
    let failed = 0;
    await inParallel(this.#plan.inFlight, this.tokens.length, async (index) => {
      const token = this.tokens[index]!;
      await this.#connection(index)
        .call('invalidateSession', { token }, callTimeoutMs)
        .catch(() => {
          failed += 1;
        });
    });
    return failed;
  }

  #connection(index: number): SidecarCalls {
    return this.#connections[index % this.#connections.length]!;
  }
}

/** Runs a task for each number below `count`, at most `limit` at a time. Ends when all that were started have ended. */
async function inParallel(limit: number, count: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    while (next < count && failure === undefined) {
      await task(next++).catch((error: unknown) => {
        failure ??= { error };
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, count) }, work));
  if (failure !== undefined) throw failure.error;
}
