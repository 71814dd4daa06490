import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectRaw, mutation } from '../../support/raw-grpc';
import type { RedisServer } from '../../support/redis';
import type { Stack } from '../../support/stack';

export interface StoredInRedis {
  readonly stack: Stack;
  readonly redis: RedisServer;
  readonly token: string;
  /** A JSON text that must not be seen. */
  readonly value: string;
}

/** How the failures of a data schema come about, in a sidecar that has one. */
export function schemaFailures(stored: () => StoredInRedis) {
  return {
    SCHEMA_VIOLATION: {
      status: 'INVALID_ARGUMENT',
      provoke: async () => {
        const { stack, redis, token, value } = stored();
        const file = join(stack.directory(), 'schema.json');
        writeFileSync(file, '{ "additionalProperties": { "type": "integer" } }');
        const { address } = await stack.sidecar({ redis, settings: { DATA_SCHEMA_FILE: file } });
        const mutations = [mutation.set('n', '1'), mutation.set('list', `[${value}]`)];
        return stack.use(connectRaw(address)).call('updateSession', { token, mutations });
      },
      details: {
        metadata: { setting: 'SESSION_SIDECAR_DATA_SCHEMA_FILE' },
        violations: { '/list': 'Must be integer.' },
      },
    },
  };
}
