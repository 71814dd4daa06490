import { expect, test } from '@jest/globals';
import { connect } from '../../support/client';
import { until } from '../../support/poll';
import type { Sidecar } from '../../support/sidecar';
import { stackForEachTest } from '../../support/stack';
import { signIn, startStore } from './fixture';
import type { Topology } from './fixture';

const stack = stackForEachTest();

/** The lines of the audit log of all sidecars. */
function linesOf(sidecars: readonly Sidecar[]): Record<string, unknown>[] {
  const lines = sidecars.flatMap((sidecar) => sidecar.log().trim().split('\n').filter(Boolean));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg }) => msg === 'session event');
}

test.each<Topology>(['memory', 'redis'])(
  'all sidecars together log each event once, without a watcher, on %s',
  async (topology) => {
    const { options } = await startStore(stack, topology);
    const start = () =>
      stack.sidecar({ ...options, logLevel: 'info', settings: { AUDIT_LOG: 'on', MAX_SESSIONS_PER_SUBJECT: '2' } });
    const sidecars = [await start(), ...(topology === 'memory' ? [] : [await start()])];
    const clients = sidecars.map((sidecar) => stack.use(connect(sidecar)));
    // What happens before all of them record events need not be logged.
    await until('recording', async () => {
      const { handle } = await signIn(clients.at(-1)!, 'first');
      return linesOf(sidecars).some((line) => line['handle'] === handle);
    });
    const session = await signIn(clients[0]!, 'ada', 1000);
    await session.regenerate();
    const crowd = [await signIn(clients[0]!, 'crowd'), await signIn(clients.at(-1)!, 'crowd')];
    crowd.push(await signIn(clients[0]!, 'crowd'));
    const own = () => linesOf(sidecars).filter(({ handle }) => handle === session.handle);
    await until('the end', () => own().some(({ event }) => event === 'expired'));
    const { handle } = session;
    expect(
      own().map(({ level: _, time: __, msg: ___, recorded, ...line }) => ({ ...line, recorded: typeof recorded })),
    ).toEqual(
      [
        { event: 'created', reason: 'call', version: 1 },
        { event: 'regenerated', reason: 'call', version: 2 },
        { event: 'expired', reason: 'idle_timeout' },
      ].map((line) => ({ ...line, handle, subject: 'ada', recorded: 'string' })),
    );
    const revoked = linesOf(sidecars).filter(({ event, subject }) => event === 'revoked' && subject === 'crowd');
    expect(revoked).toMatchObject([{ reason: 'limit', version: 1 }]);
    expect(crowd.map((each) => each.handle)).toContain(revoked[0]!['handle']);
  },
);

test('without the setting, nothing is logged', async () => {
  const sidecar = await stack.sidecar({ logLevel: 'info' });
  await signIn(stack.use(connect(sidecar)), 'ada');
  expect(linesOf([sidecar])).toEqual([]);
});
