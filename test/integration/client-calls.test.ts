import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { SessionClient, SessionError } from '@session-sidecar/client';
import type { SessionErrorCode } from '@session-sidecar/client';
import { freeAddress } from '../support/free-port';
import { codeOf, connect } from '../support/client';
import { failure, sessionWith } from '../support/fake-sidecar';
import type { Answers } from '../support/fake-sidecar';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();
const start = (answers: Answers, address?: string) => stack.fakeSidecar(answers, address);

/** With the default time, unless a call has its own. */
const connectTo = (sidecar: { address: string }, timeoutMs?: number) => stack.use(connect(sidecar, { timeoutMs }));

const found = () => ({ session: sessionWith({ a: '1' }) });

describe('the error of a failed call', () => {
  test('has the code, the facts and the advice that go with the reason, and the gRPC error as its cause', async () => {
    const metadata = { limit: '262144', setting: 'SESSION_SIDECAR_MAX_SESSION_SIZE' };
    const sidecar = await start({
      createSession() {
        throw failure(status.RESOURCE_EXHAUSTED, 'SESSION_TOO_LARGE', { metadata });
      },
    });
    const session = connectTo(sidecar).create();
    session.set('a', 1);
    const error = await session.save().catch((caught: unknown) => caught);
    expect(SessionError.is(error)).toBe(true);
    expect(error).toMatchObject({
      name: 'SessionError',
      code: 'SESSION_TOO_LARGE',
      metadata,
      violations: [],
      status: 413,
      cause: { code: status.RESOURCE_EXHAUSTED },
      message: expect.stringMatching(/^SESSION_TOO_LARGE: CreateSession at 127.*: made up\. Store less, or raise/),
    });
  });

  test.each<[status, string | undefined, SessionErrorCode]>([
    [status.UNIMPLEMENTED, undefined, 'UNIMPLEMENTED'],
    [status.PERMISSION_DENIED, undefined, 'UNKNOWN'],
    [status.UNAVAILABLE, 'A_REASON_OF_A_NEWER_SIDECAR', 'UNAVAILABLE'],
    [status.NOT_FOUND, undefined, 'UNKNOWN'],
  ])('of status %i with reason %s has the code %s', async (grpcStatus, reason, code) => {
    const sidecar = await start({
      createSession() {
        throw failure(grpcStatus, reason);
      },
    });
    expect(await codeOf(connectTo(sidecar).create().csrfToken())).toBe(code);
  });

  test('because the sidecar is too old for the call says so', async () => {
    const sidecar = await start({});
    await expect(connectTo(sidecar).create().csrfToken()).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
      message: expect.stringContaining('Use a sidecar that is at least as new as the client.'),
    });
  });
});

describe('the connection', () => {
  test('to an address without a sidecar fails with UNAVAILABLE and says what to check', async () => {
    const sidecar = await start({});
    sidecar.close();
    const opening = connectTo(sidecar).open('token', { timeoutMs: 2000 });
    await expect(opening).rejects.toMatchObject({ code: 'UNAVAILABLE', status: 503 });
    await expect(opening).rejects.toThrow(`GetSession at ${sidecar.address} failed`);
    await expect(opening).rejects.toThrow('Check that the sidecar is running, and its address');
  });

  test('is made when the sidecar comes up after the client', async () => {
    const address = await freeAddress();
    const client = connectTo({ address }, 20_000);
    expect(await codeOf(client.open('token', { timeoutMs: 2000 }))).toBe('UNAVAILABLE');
    const opening = client.open('token');
    await start({ getSession: found }, address);
    expect(await opening).toMatchObject({ origin: 'found' });
  });

  test('can be a Unix socket', async () => {
    const directory = stack.directory();
    const address = `unix:${join(directory, 'sidecar.sock')}`;
    await start({ getSession: found }, address);
    expect((await connectTo({ address }).open('token')).get('a')).toBe(1);
  });

  test('does not go through a proxy for the internet', async () => {
    const sidecar = await start({ getSession: found });
    process.env['http_proxy'] = 'http://127.0.0.1:1';
    stack.defer(() => delete process.env['http_proxy']);
    expect((await connectTo(sidecar).open('token')).get('a')).toBe(1);
  });

  test('that was closed rejects calls at once', async () => {
    const sidecar = await start({ getSession: found });
    const client = connectTo(sidecar);
    client.close();
    expect(await codeOf(client.open('token'))).toBe('CANCELLED');
  });

  test.each(['', 'localhost', 'http://localhost:50051', 'localhost:port', 50051, undefined])(
    'is refused to the address %p',
    (address) => {
      expect(() => new SessionClient({ address: address as string })).toThrow(TypeError);
    },
  );
});

test('gRPC metadata of a call reaches the sidecar', async () => {
  let traceparent: unknown;
  const sidecar = await start({
    getSession(call) {
      traceparent = call.metadata.get('traceparent');
      return found();
    },
  });
  await connectTo(sidecar).open('token', { metadata: { traceparent: '00-trace' } });
  expect(traceparent).toEqual(['00-trace']);
});

test('open() takes a token that the sidecar refuses as a request for one that is not genuine', async () => {
  const sidecar = await start({
    getSession() {
      throw failure(status.INVALID_ARGUMENT, 'INVALID_ARGUMENT');
    },
  });
  expect(await connectTo(sidecar).open('token')).toMatchObject({ origin: 'token_invalid', isNew: true, state: 'new' });
});
