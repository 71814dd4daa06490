import { Option } from 'commander';
import type { CommandDefinition } from './command';
import { jsonOption } from './options';
import type * as RedisCommands from './redis-commands';

export const doctor: CommandDefinition = {
  name: 'doctor',
  summary: 'Examine the Redis that the settings locate.',
  description: [
    'Connects as the sidecar would, and reports what is fine, what is not, and what to do: version, role, eviction policy, memory, persistence, latency, clock, permissions of the ACL user, the scripts, client tracking, replicas, Sentinels and Cluster.',
    'It writes a few keys below SESSION_SIDECAR_REDIS_KEY_PREFIX, removes them, and gives them a TTL in case it cannot. It changes no setting of Redis.',
    'What must be repaired is a problem and makes it exit with 1. What works, but has a risk, is a warning.',
  ],
  options: [new Option('--strict', 'exit with 1 on warnings, too'), jsonOption()],
  takesSettings: true,
  examples: [
    { command: 'session-sidecar doctor', purpose: 'with the settings in the environment' },
    {
      command: 'kubectl exec deploy/shop -c session-sidecar -- /nodejs/bin/node /session-sidecar/main.js doctor',
      purpose: 'in a pod',
    },
    { command: 'session-sidecar doctor --strict --json', purpose: 'in a pipeline' },
  ],
  exits: ['ok', 'failed', 'usage', 'unavailable', 'denied'],
  // Loaded on demand: it contains ioredis.
  // oxlint-disable-next-line typescript/no-require-imports
  run: (invocation) => (require('./redis-commands') as typeof RedisCommands).runDoctor(invocation),
};
