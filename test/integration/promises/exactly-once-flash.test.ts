import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { SessionClient } from '@session-sidecar/client';
import type { ISession } from '@session-sidecar/client';
import { connect } from '../../support/client';
import { connectRaw } from '../../support/raw-grpc';
import type { RedisServer } from '../../support/redis';
import type { Sidecar } from '../../support/sidecar';
import { stackForAllTests } from '../../support/stack';

describe('a flash message is shown exactly once', () => {
  const stack = stackForAllTests();
  let redis: RedisServer;
  let sidecars: Sidecar[];
  let clients: SessionClient<Record<string, string>>[];

  beforeAll(async () => {
    redis = await stack.redis();
    sidecars = [await stack.sidecar({ redis }), await stack.sidecar({ redis })];
    clients = sidecars.map((sidecar) => stack.use(connect(sidecar)));
  });

  let session: ISession<Record<string, string>>;

  beforeEach(async () => {
    session = clients[0]!.create();
    ['one', 'two', 'three'].forEach((message) => session.flash(message));
    session.flash('an error', { queue: 'errors' });
    await session.save();
  });

  test('when many requests pop at the same time, one of them gets all messages and the others none', async () => {
    const requests = await Promise.all(
      Array.from({ length: 12 }, (_, index) => clients[index % 2]!.open(session.token)),
    );
    const popped = await Promise.all(requests.map((request) => request.popFlash<string>()));
    expect(popped.filter((messages) => messages.length > 0)).toEqual([['one', 'two', 'three']]);
  });

  test('a message pushed while others pop is popped once, and none stays behind', async () => {
    const raw = sidecars.map(({ address }) => connectRaw(address));
    const token = session.token!;
    const popped: string[] = [];
    const pop = async (index: number): Promise<void> => {
      const { messages } = await raw[index % 2]!.call('popFlash', { token });
      popped.push(...messages.map(String));
    };
    const push = (index: number) => raw[index % 2]!.call('pushFlash', { token, message: Buffer.from(String(index)) });
    const pushes = Array.from({ length: 300 }, (_, index) => index);
    for (let start = 0; start < pushes.length; start += 30) {
      await Promise.all(pushes.slice(start, start + 30).flatMap((index) => [push(index), pop(index), pop(index + 1)]));
    }
    await pop(0);
    const expected = ['"one"', '"two"', '"three"', ...pushes.map(String)];
    expect([...popped].sort()).toEqual(expected.sort());
    raw.forEach((client) => client.close());
  });

  test('messages that many requests push at the same time all wait, each once', async () => {
    const requests = await Promise.all(
      Array.from({ length: 40 }, (_, index) => clients[index % 2]!.open(session.token)),
    );
    requests.forEach((request, index) => request.flash(String(index), { queue: 'many' }));
    await Promise.all(requests.map((request) => request.save()));
    const popped = await (await clients[0]!.open(session.token)).popFlash<string>('many');
    expect(popped.sort()).toEqual(requests.map((_, index) => String(index)).sort());
  });

  test('a message pushed after the session was opened stays for the next request', async () => {
    const [popping, pushing] = await Promise.all(clients.map((client) => client.open(session.token)));
    expect(await popping!.popFlash()).toEqual(['one', 'two', 'three']);
    pushing!.flash('four');
    await pushing!.save();
    expect(await (await clients[0]!.open(session.token)).popFlash()).toEqual(['four']);
  });

  test('peeking removes no message, and queues are separate', async () => {
    const request = await clients[1]!.open(session.token);
    expect(await request.peekFlash()).toEqual(['one', 'two', 'three']);
    expect(await request.popFlash('errors')).toEqual(['an error']);
    expect(await request.popFlash('errors')).toEqual([]);
    const next = await clients[0]!.open(session.token);
    expect([await next.peekFlash('errors'), await next.peekFlash()]).toEqual([[], ['one', 'two', 'three']]);
  });

  test('messages survive a regeneration and end with the session', async () => {
    const request = await clients[1]!.open(session.token);
    await request.regenerate();
    const next = await clients[0]!.open(request.token);
    expect(await next.peekFlash()).toEqual(['one', 'two', 'three']);
    await next.invalidate();
    expect(await next.popFlash()).toEqual([]);
  });
});
