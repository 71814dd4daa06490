import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';

export interface RedisCommands {
  /** Commands that clients sent. Each is a round trip, because calls that are made one after another share none. */
  readonly sent: number;
  /** Commands that may write, sent by a client or run by a script. */
  readonly writes: number;
}

/**
 * Counts the commands that Redis executes during `work`, except for those that the sidecar sends periodically, whatever the calls. Uses
 * MONITOR, because `INFO commandstats` does not distinguish between commands that were sent and those that a script ran.
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
      // A heartbeat of the sidecar is a PING, or a script without keys. EXISTS asks whether something watches sessions.
      if (['ping', 'exists'].includes(name.toLowerCase()) || (name.toLowerCase() === 'eval' && keys === '0')) return;
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
