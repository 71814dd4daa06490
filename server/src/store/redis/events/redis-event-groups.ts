import { groupLeaseMs } from '../../../session/events/event-log';
import type { EventGroups } from '../../../session/events/event-log';
import type { Position } from '../../../session/events/position';
import { formatPosition, parsePosition } from './event-codec';
import type { EventKeys } from './event-keys';
import type { EventScripts } from './event-scripts';
import type { Presence } from './presence';

export interface RedisEventGroupsOptions {
  readonly scripts: EventScripts;
  readonly keys: EventKeys;
  readonly presence: Presence;
  readonly retentionMs: number;
}

/** The groups of watchers, one key each. */
export function redisEventGroups({ scripts, keys, presence, retentionMs }: RedisEventGroupsOptions): EventGroups {
  const run = async (log: string, group: string, ...args: readonly string[]) => {
    const [step = '', ...rest] = args;
    const reply = await scripts.run('group', [keys.group(log, group)], [step, retentionMs, ...rest]);
    const [isActive, position] = reply as [number, string];
    return { isActive: isActive === 1, position };
  };
  return {
    async join(group, watcher, from, acknowledged) {
      const place = [watcher, String(groupLeaseMs), formatPosition(from), acknowledged ? '1' : ''];
      const { isActive, position } = await run(from.log, group, 'join', ...place);
      return { isActive, acknowledged: parsePosition(from.log, position) };
    },

    async acknowledge(group: string, position: Position) {
      await run(position.log, group, 'acknowledge', '', '', formatPosition(position), '1');
    },

    async leave(group, watcher) {
      await run(presence.log ?? '', group, 'leave', watcher, '', '', '');
    },
  };
}
