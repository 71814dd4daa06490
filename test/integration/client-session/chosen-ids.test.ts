import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from '@jest/globals';
import type { SessionClient } from '@session-sidecar/client';
import { codeOf } from '../../support/client';
import { describeClientSession } from './fixture';
import type { Shop } from './fixture';

describeClientSession('a session with an id of the application', (fixture) => {
  let client: SessionClient<Shop>;
  let id: string;

  beforeEach(() => {
    ({ client } = fixture);
    id = randomUUID();
  });

  test('is created by the first save, and found by its id and by its token', async () => {
    const session = client.create({ id });
    session.set('visits', 1);
    await session.save();
    expect((await client.openById(id)).get('visits')).toBe(1);
    expect((await client.open(session.token)).get('visits')).toBe(1);
    expect(await client.openById(id)).toMatchObject({ state: 'stored', origin: 'found', token: session.token });
  });

  test('is new if no session has the id, and is then created with it', async () => {
    const session = await client.openById(id);
    expect(session).toMatchObject({ state: 'new', origin: 'not_found', isNew: true });
    session.set('visits', 1);
    await session.save();
    expect((await client.openById(id)).token).toBe(session.token);
  });

  test('is not created twice', async () => {
    const [first, second] = [client.create({ id }), await client.openById(id)];
    first.set('note', 'first');
    second.set('note', 'second');
    await first.save();
    expect(await codeOf(second.save())).toBe('VERSION_MISMATCH');
    expect((await client.openById(id)).get('note')).toBe('first');
  });

  test('ends by invalidate(), which frees the id; what the object then stores has none', async () => {
    const session = client.create({ id });
    session.set('visits', 1);
    await session.save();
    await session.invalidate();
    expect((await client.openById(id)).state).toBe('new');
    session.set('visits', 2);
    await session.save();
    expect((await client.openById(id)).state).toBe('new');
  });

  test('is not found by its id any more after regenerate()', async () => {
    const session = client.create({ id });
    session.set('visits', 1);
    await session.save();
    await session.regenerate();
    const opened = await client.openById(id);
    expect(opened.state).toBe('new');
    opened.set('visits', 2);
    expect(await codeOf(opened.save())).toBe('VERSION_MISMATCH');
    expect((await client.open(session.token)).get('visits')).toBe(1);
  });

  test.each([undefined, null, 7, {}])('%p as the id is a TypeError', async (wrong) => {
    await expect(client.openById(wrong as never)).rejects.toThrow(TypeError);
    if (wrong !== undefined) expect(() => client.create({ id: wrong as never })).toThrow(TypeError);
  });

  test.each(['', 'x'.repeat(257), 'a\nb'])('%j as the id is refused', async (wrong) => {
    expect(await codeOf(client.openById(wrong))).toBe('INVALID_ARGUMENT');
    const session = client.create({ id: wrong });
    session.set('visits', 1);
    expect(await codeOf(session.save())).toBe('INVALID_ARGUMENT');
  });
});
