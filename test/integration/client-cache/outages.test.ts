import { describe, test } from '@jest/globals';
import { until } from '../../support/poll';
import { cachingClients, done, newSession, untilLive } from './fixture';

const { startSidecar, connect, breakConnections } = cachingClients();

describe('a client with a cache stops answering from memory, and is right when it goes on,', () => {
  test('when its sidecar loses Redis', async () => {
    const here = connect(await startSidecar());
    const token = await newSession(here);
    await untilLive(here, token);
    await breakConnections();
    await until('a read that is not live', async () => {
      const work = await done(here, () => here.open(token).catch(() => undefined));
      return work.live === undefined;
    });
    await untilLive(here, token);
  });
});
