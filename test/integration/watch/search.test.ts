import { expect, test } from '@jest/globals';
import { EventKeys, partitionOf } from '../../../server/src/store/redis/events/event-keys';
import { EventScripts } from '../../../server/src/store/redis/events/event-scripts';
import { SessionSearch } from '../../../server/src/store/redis/events/session-search';
import { until } from '../../support/poll';
import { connectForTest, keyPrefix, redisConnectionOptions, twentyMinutes } from '../../support/store-harness';
import { stackForEachTest } from '../../support/stack';

const stack = stackForEachTest();
const log = '0'.repeat(16);
const handle = (letter: string): string => letter.repeat(22);

test('a session that is ended while it is being found is not reported as expired later', async () => {
  const { admin, port } = await stack.redis();
  const connection = stack.use(connectForTest(redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port }] })));
  await until('the connection', () => connection.usable);
  const now = Date.now();
  for (const letter of ['a', 'b']) {
    await admin.set(keyPrefix + handle(letter), `1 1 ${now} ${now} 60000 ${'h'.repeat(43)} csrf\n`);
  }

  /** Another sidecar ends a session after it was read and before it is added. */
  class Interleaved extends EventScripts {
    override async run(...[script, keys, args]: Parameters<EventScripts['run']>): Promise<unknown> {
      if (script === 'add') await admin.del(keyPrefix + handle('b'));
      return super.run(script, keys, args);
    }
  }
  const keys = new EventKeys(keyPrefix);
  const presence = { isKeeper: true, log };
  const options = { scripts: new Interleaved(connection), keys, presence, retentionMs: 60_000, expiry: twentyMinutes };
  await new SessionSearch(options).run(log);
  const ends = await Promise.all(
    ['a', 'b'].map((letter) => admin.zrange(keys.partition(log, partitionOf(handle(letter)))[1], '0', '-1')),
  );
  expect(ends.flat()).toEqual([handle('a')]);
});
