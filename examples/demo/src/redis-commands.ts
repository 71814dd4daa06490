import { createClient } from 'redis';
import type { Counts } from './counts';

export interface CommandCounts {
  /** Commands that were sent to Redis: each is a round trip. */
  readonly sent: Counts;
  /** Commands that ran inside of scripts. */
  readonly inScripts: Counts;
}

/** Counts the commands that Redis runs for sessions. */
export interface CommandCounter {
  /** Returns what Redis has run since the counter was created. */
  count(): Promise<CommandCounts>;
  close(): void;
}

/** How long a Redis that does not answer is waited for, in ms. */
const patienceMs = 2000;

/**
 * Counts what Redis reports to MONITOR, which slows it down: not for production.
 *
 * @throws Error if Redis cannot be reached, or does not allow MONITOR
 */
export async function createCommandCounter(url: string): Promise<CommandCounter> {
  // Without the queue, a Redis that is down makes counting fail rather than wait.
  const redis = createClient({ url, disableOfflineQueue: true });
  const monitor = redis.duplicate();
  for (const client of [redis, monitor]) {
    client.on('error', (error: Error) => console.error(`Cannot count Redis commands: ${error.message}`));
  }
  await Promise.all([redis.connect(), monitor.connect()]);

  const tally = new Tally();
  await monitor.monitor((line) => tally.add(line));
  return {
    count: async () => {
      const marker = crypto.randomUUID();
      const seen = tally.until(marker, AbortSignal.timeout(patienceMs));
      await Promise.all([redis.echo(marker), seen]);
      return tally.counts();
    },
    close: () => {
      redis.destroy();
      monitor.destroy();
    },
  };
}

/**
 * What sidecar and counter send without a request. The heartbeat of the sidecar is a script without keys; EXISTS asks whether something
 * watches sessions.
 */
const upkeep = new Set(['auth', 'client', 'echo', 'exists', 'hello', 'info', 'ping', 'select']);

/** Adds up the lines of MONITOR: `1700000000.123456 [0 127.0.0.1:50000] "get" "key"`, in scripts `[0 lua] "get" "key"`. */
export class Tally {
  readonly #sent = new Map<string, number>();
  readonly #inScripts = new Map<string, number>();
  readonly #markers = new Map<string, () => void>();
  /** Whether the last command that was sent counts. Those of its script follow it. */
  #counts = false;

  add(line: string): void {
    const [, source, list = ''] = /^\S+ \[\d+ ([^\]]+)\] (.*)$/s.exec(line) ?? [];
    const [command = '', ...args] = [...list.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map(([, text = '']) => text);
    const name = command.toLowerCase();
    if (source === 'lua') {
      if (this.#counts) increment(this.#inScripts, name);
      return;
    }
    this.#markers.get(args[0] ?? '')?.();
    this.#counts = !upkeep.has(name) && !(name === 'eval' && args[1] === '0');
    if (this.#counts) increment(this.#sent, name);
  }

  /** Resolves when a command with this argument was added, and rejects when the signal says so. */
  async until(marker: string, signal: AbortSignal): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#markers.set(marker, resolve);
        signal.addEventListener('abort', () => reject(new Error('Redis did not report the marker in time.')));
      });
    } finally {
      this.#markers.delete(marker);
    }
  }

  counts(): CommandCounts {
    return { sent: Object.fromEntries(this.#sent), inScripts: Object.fromEntries(this.#inScripts) };
  }
}

function increment(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
