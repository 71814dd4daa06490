import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';

export interface RedisCommands {
  /** Commands that clients sent: trips, since nothing pipelines when calls are made one after another. */
  readonly sent: number;
  /** Commands that may write, whether sent or run by a script. */
  readonly writes: number;
}

/**
 * Counts what Redis does during `work`, by MONITOR: as `INFO commandstats` does, and it also tells commands that were sent
 * from those that a script ran. The heartbeats of the sidecar, which come with time and not with calls, are left out.
 */
export async function countCommands(redis: Redis, work: () => Promise<void>): Promise<RedisCommands> {
  const writing = new Set((await redis.call('COMMAND', 'LIST', 'FILTERBY', 'ACLCAT', 'write')) as string[]);
  const monitor = await redis.monitor();
  const end = randomUUID();
  const isOver = new Promise<RedisCommands>((resolve) => {
    let sent = 0;
    let writes = 0;
    monitor.on('monitor', (_time: string, [name = '', argument, keys]: string[], source: string) => {
      if (argument === end) {
        resolve({ sent, writes });
        return;
      }
      // The sidecar's heartbeats: a PING, or a script without keys, is about no session.
      if (name.toLowerCase() === 'ping' || (name.toLowerCase() === 'eval' && keys === '0')) return;
      if (source !== 'lua') sent += 1;
      if (writing.has(name.toLowerCase())) writes += 1;
    });
  });
  await work();
  await redis.echo(end);
  const commands = await isOver;
  monitor.disconnect();
  return commands;
}
