import { setTimeout as delay } from 'node:timers/promises';
import type { Assault } from './attack';

/** The pause before an attacker retries. */
const pauseMs = 20;

/** Waits, but not beyond the end of the assault. */
export async function pause(assault: Assault, milliseconds = pauseMs): Promise<void> {
  await delay(milliseconds, undefined, { signal: assault.signal }).catch(() => undefined);
}

/**
 * Repeats `work` until the assault is over, in `workers` concurrent loops.
 *
 * @param work returns its outcome, which is counted, or `undefined` if the connection failed
 */
export async function repeat(
  assault: Assault,
  workers: number,
  work: (worker: number) => Promise<string | undefined>,
): Promise<void> {
  async function go(worker: number): Promise<void> {
    while (!assault.isOver) {
      const outcome = await work(worker);
      assault.count(outcome ?? 'connection failed');
      if (outcome === undefined) await pause(assault);
    }
  }
  await Promise.all(Array.from({ length: workers }, (_, worker) => go(worker)));
}
