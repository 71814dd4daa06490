import { inspect } from 'node:util';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, test } from '@jest/globals';
import { SessionClient, SessionError } from '@session-sidecar/client';
import type { ISession, JsonValue } from '@session-sidecar/client';
import { Timestamp } from '@session-sidecar/proto/google/protobuf/timestamp';
import { Session } from '@session-sidecar/proto/session/v1/session';
import { connect } from '../support/client';
import { sessionWith } from '../support/fake-sidecar';
import type { Answer, Answers } from '../support/fake-sidecar';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();
async function connectTo(answers: Answers): Promise<SessionClient> {
  return stack.use(connect(await stack.fakeSidecar(answers)));
}

type Use = (session: ISession<Record<string, JsonValue>>) => unknown;

async function failureOf(use: () => unknown): Promise<unknown> {
  try {
    await use();
    return 'no error';
  } catch (error) {
    return SessionError.is(error) ? error.code : error;
  }
}

const found: Answer = () => ({ session: sessionWith({ a: '1' }, { flashQueues: [{ name: '', messageCount: 1 }] }) });
const change: Use = (session) => {
  session.set('a', 2);
  session.setDefault('b', 1);
  session.flash('message');
  return session.save();
};
const one = { applied: true, messages: [] };

describe('a reply fails the call with INTERNAL when it', () => {
  test.each<[string, Record<string, Answer>, Use]>([
    ['has no session: GetSession', { getSession: () => ({ session: undefined }) }, () => undefined],
    ['has no results: UpdateSession', { updateSession: () => ({ version: 2, results: [] }) }, change],
    ['has too few results: UpdateSession', { updateSession: () => ({ version: 2, results: [one, one] }) }, change],
    [
      'has too many results: UpdateSession',
      { updateSession: () => ({ version: 2, results: [one, one, one, one] }) },
      change,
    ],
    [
      'has no results: RegenerateSession',
      { regenerateSession: () => ({ token: 'next', csrfToken: 'c', version: 2, results: [] }) },
      (session) => {
        session.set('a', 2);
        return session.regenerate();
      },
    ],
    [
      'has no token: RegenerateSession',
      { regenerateSession: () => ({ token: '', csrfToken: 'c', version: 2, results: [] }) },
      (session) => session.regenerate(),
    ],
    [
      'has no session: the GetSession of transform()',
      {
        getSession: (call, attempt) => (attempt === 1 ? found(call, attempt) : { session: undefined }),
        // Version 2 was another request's.
        updateSession: () => ({ version: 3, results: [one] }),
      },
      async (session) => {
        session.set('b', 1);
        await session.save();
        return session.transform('a', () => 2);
      },
    ],
  ])('%s', async (_, answers, use) => {
    const client = await connectTo({ getSession: found, ...answers });
    const run = async () => {
      const session = await client.open('token');
      await use(session);
    };
    expect(await failureOf(run)).toBe('INTERNAL');
  });

  test.each<[string, unknown]>([
    ['has no session', { token: 'token', session: undefined, results: [one] }],
    ['has no token', { token: '', session: sessionWith(), results: [one] }],
    ['has no results', { token: 'token', session: sessionWith(), results: [] }],
  ])('%s: CreateSession', async (_, response) => {
    const client = await connectTo({ createSession: () => response });
    const session = client.create();
    session.set('a', 1);
    expect(await failureOf(() => session.save())).toBe('INTERNAL');
    expect([session.state, session.hasChanges]).toEqual(['new', true]);
  });
});

test('a reply with a time that a Date cannot hold fails the call with INTERNAL', async () => {
  const created = Timestamp.encode({ seconds: 10 ** 14, nanos: 0 }).finish();
  // GetSessionResponse.session.created, by their numbers.
  const session = new BinaryWriter().tag(5, WireType.LengthDelimited).bytes(created).finish();
  const reply = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(session).finish();
  const sidecar = await stack.fakePipeline({ onCall: (call, stream) => stream.answer(call, Buffer.from(reply)) });
  const client = stack.use(connect(sidecar));
  await expect(client.open('token')).rejects.toMatchObject({ code: 'INTERNAL' });
  await expect(client.open('token')).rejects.toThrow('a time is out of range');
});

test('the token in an otherwise malformed reply of RegenerateSession is kept, because the old one is invalid', async () => {
  const client = await connectTo({
    getSession: found,
    regenerateSession: () => ({ token: 'next', csrfToken: 'c', version: 2, results: [one] }),
  });
  const session = await client.open('token');
  expect(await failureOf(() => session.regenerate())).toBe('INTERNAL');
  expect(session.token).toBe('next');
});

test('a session without a CSRF token takes none, the empty one least of all', async () => {
  const client = await connectTo({ getSession: () => ({ session: sessionWith({}, { csrfToken: '' }) }) });
  const session = await client.open('token');
  expect(session.checkCsrfToken('')).toBe(false);
});

test('a session from an empty reply can be used', async () => {
  const client = await connectTo({ getSession: () => ({ session: Session.decode(new Uint8Array()) }) });
  const session = await client.open('token');
  expect([session.size, session.version, session.created, session.expires]).toEqual([0, 0, undefined, undefined]);
  expect(await session.popFlash()).toEqual([]);
});

describe('a stored value', () => {
  const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

  test('that is nested very deeply fails when it is read, but not when another key is saved', async () => {
    const client = await connectTo({
      getSession: () => ({ session: sessionWith({ deep: deep(100_000) }) }),
      updateSession: () => ({ version: 2, expires: undefined, results: [one] }),
    });
    const session = await client.open('token');
    expect(await failureOf(() => session.get('deep'))).toBe('VALUE_UNREADABLE');
    session.set('a', 1);
    expect(await failureOf(() => session.save())).toBe('no error');
    expect(() => session.set('b', JSON.parse(deep(100_000)) as JsonValue)).toThrow(TypeError);
    expect(() => session.set('b', JSON.parse(deep(100_000)) as JsonValue)).toThrow('`b`');
  });

  test('that is nested as deeply as is allowed can be read, changed and saved', async () => {
    const client = await connectTo({
      getSession: () => ({ session: sessionWith({ deep: deep(1000) }) }),
      updateSession: () => ({ version: 2, expires: undefined, results: [one] }),
    });
    const session = await client.open('token');
    (session.get('deep') as JsonValue[]).push(1);
    expect(await failureOf(() => session.save())).toBe('no error');
  });

  test.each(['{"password":"hunter2 is secret"', 'hunter2 is secret', '"hunter2', `{"a":${'['.repeat(3000)}hunter2`])(
    'that cannot be decoded (%#) is not printed with the error',
    async (text) => {
      const client = await connectTo({
        getSession: () => ({
          session: sessionWith({ secret: text }, { flashQueues: [{ name: '', messageCount: 1 }] }),
        }),
        popFlash: () => ({ messages: [Buffer.from(text)] }),
      });
      const session = await client.open('token');
      const errors = await Promise.all(
        [() => session.get('secret'), () => session.popFlash()].map(async (read) => {
          try {
            return await read();
          } catch (error) {
            return error;
          }
        }),
      );
      for (const error of errors) expect(error).toMatchObject({ code: 'VALUE_UNREADABLE' });
      expect(inspect(errors, { depth: 10, showHidden: true })).not.toMatch(/hunter|passw/);
    },
  );

  test('that a codec of the application cannot decode is not printed, even if the codec prints it', async () => {
    const sidecar = await stack.fakeSidecar({ getSession: () => ({ session: sessionWith({ secret: 'hunter2' }) }) });
    const codec = {
      encode: (value: unknown) => Buffer.from(String(value)),
      decode(bytes: Uint8Array): unknown {
        throw new RangeError(`cannot decode ${Buffer.from(bytes).toString()}`);
      },
    };
    const client = stack.use(new SessionClient({ address: sidecar.address, codec }));
    const session = await client.open('token');
    expect(() => session.get('secret')).toThrow('VALUE_UNREADABLE: The codec cannot decode what is stored at `secret`');
    expect(() => session.get('secret')).toThrow('RangeError');
    expect(() => session.get('secret')).not.toThrow('hunter');
  });
});
