import { setTimeout as delay } from 'node:timers/promises';
import type { Assault } from './attack';

/** How long an attacker waits before it tries again what failed. */
const pauseMs = 20;

/** Waits, at most until the assault is over. */
export async function pause(assault: Assault, milliseconds = pauseMs): Promise<void> {
  await delay(milliseconds, undefined, { signal: assault.signal }).catch(() => undefined);
}

/**
 * Does `work` again and again until the assault is over, as often at a time as there are `workers`.
 *
 * @param work returns what it came to, which is counted; `undefined`: the connection failed
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
