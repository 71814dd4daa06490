import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { Metadata } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { SessionClient, SessionError } from '@session-sidecar/client';
import type { ConnectionOptions } from '@session-sidecar/client';
import { failure, sessionWith } from '../support/fake-sidecar';
import { stackForEachTest } from '../support/stack';

const token = 'a-token-of-sixteen-or-more';
const nextToken = 'the-token-that-comes-next';

const stack = stackForEachTest();
let directory: string;
let file: string;

beforeEach(() => {
  directory = stack.directory();
  file = join(directory, 'token');
});

interface TokenSidecar {
  readonly address: string;
  /** What came with each stream or call. */
  readonly seen: unknown[];
  accepts: string;
  /** Ends all streams. */
  endStreams(): void;
}

const refusal = () => failure(status.UNAUTHENTICATED, 'API_TOKEN_INVALID');

/** As the sidecar does: once for a pipeline, otherwise for each call. */
async function startTokenSidecar(transport: 'pipeline' | 'unary'): Promise<TokenSidecar> {
  const seen: unknown[] = [];
  const isAccepted = (metadata: Metadata): boolean => {
    const given = metadata.get('authorization');
    seen.push(...given);
    return given.length === 1 && given[0] === `Bearer ${started.accepts}`;
  };
  const started = { seen, accepts: token, ...(await (transport === 'pipeline' ? startPipeline() : startUnary())) };
  return started;

  async function startPipeline() {
    const sidecar = await stack.fakePipeline({
      onStream(stream) {
        const accepted = isAccepted(stream.metadata);
        if (!accepted) stream.fail(refusal());
        return accepted;
      },
    });
    stack.defer(() => sidecar.close());
    return {
      address: sidecar.address,
      endStreams: () => {
        for (const stream of sidecar.streams) stream.end();
      },
    };
  }

  async function startUnary() {
    const sidecar = await stack.fakeSidecar({
      getSession({ metadata }) {
        if (!isAccepted(metadata)) throw refusal();
        return { session: sessionWith({ a: '1' }) };
      },
    });
    stack.defer(() => sidecar.close());
    return { address: sidecar.address, endStreams: () => {} };
  }
}

describe.each(['pipeline', 'unary'] as const)('the API token over %s', (transport) => {
  const connect = ({ address }: TokenSidecar, options: Partial<ConnectionOptions>): SessionClient => {
    const client = stack.use(new SessionClient({ address, transport, timeoutMs: 20_000, ...options }));
    return client;
  };
  const failureOf = (client: SessionClient) =>
    client.open('token').then(
      () => undefined,
      (error: unknown) => error,
    );

  test('is sent with every call', async () => {
    const sidecar = await startTokenSidecar(transport);
    expect((await connect(sidecar, { apiToken: token }).open('token')).get('a')).toBe(1);
    expect(sidecar.seen).toEqual([`Bearer ${token}`]);
  });

  test('comes from a file, of which the first word counts', async () => {
    writeFileSync(file, `\n${token},${nextToken}\n`);
    const sidecar = await startTokenSidecar(transport);
    expect((await connect(sidecar, { apiTokenFile: file }).open('token')).get('a')).toBe(1);
  });

  test('that is rejected fails calls at once, and is not printed', async () => {
    const sidecar = await startTokenSidecar(transport);
    sidecar.accepts = nextToken;
    const client = connect(sidecar, { apiToken: token });
    const error = await failureOf(client);
    expect(SessionError.is(error) && error.code).toBe('API_TOKEN_INVALID');
    expect(inspect([error, client], { depth: 10, showHidden: true })).not.toContain(token);
    sidecar.accepts = token;
    expect(await failureOf(client)).toBeUndefined();
  });

  test('is read again when it is rejected, and calls do not fail', async () => {
    writeFileSync(file, token);
    const sidecar = await startTokenSidecar(transport);
    const client = connect(sidecar, { apiTokenFile: file });
    expect(await failureOf(client)).toBeUndefined();
    writeFileSync(file, nextToken);
    sidecar.accepts = nextToken;
    sidecar.endStreams();
    expect(await Promise.all([client, client, client].map(failureOf))).toEqual([undefined, undefined, undefined]);
  });

  test('stays as it was while its file cannot be read', async () => {
    writeFileSync(file, token);
    const sidecar = await startTokenSidecar(transport);
    const client = connect(sidecar, { apiTokenFile: file });
    rmSync(file);
    expect(await failureOf(client)).toBeUndefined();
    sidecar.accepts = nextToken;
    sidecar.endStreams();
    // The first may still find the old stream.
    await failureOf(client);
    expect(await failureOf(client)).toMatchObject({ code: 'API_TOKEN_INVALID' });
    writeFileSync(file, nextToken);
    expect(await failureOf(client)).toBeUndefined();
  });
});

test('metadata of a call takes precedence over the API token', async () => {
  const sidecar = await startTokenSidecar('unary');
  sidecar.accepts = nextToken;
  const client = stack.use(new SessionClient({ address: sidecar.address, transport: 'unary', apiToken: token }));
  await client.open('token', { metadata: { Authorization: `Bearer ${nextToken}` } });
  expect(sidecar.seen).toEqual([`Bearer ${nextToken}`]);
});

describe('SessionClient()', () => {
  const construct = (options: Partial<ConnectionOptions>) => () =>
    new SessionClient({ address: 'localhost:50051', ...options });

  test.each(['', 'two words', 'a,b', 'line\nbreak', 'größe', 7])(
    'refuses the API token %j without printing it',
    (bad) => {
      expect(construct({ apiToken: bad as string })).toThrow(TypeError);
      expect(construct({ apiToken: bad as string })).toThrow(/^Expected `apiToken` to be printable ASCII without/);
    },
  );

  test('rejects a token and a file together', () => {
    expect(construct({ apiToken: token, apiTokenFile: file })).toThrow(
      'Expected `apiToken` or `apiTokenFile`, got both',
    );
  });

  test('refuses a file that cannot be read, or holds no token', () => {
    expect(construct({ apiTokenFile: file })).toThrow('ENOENT');
    writeFileSync(file, '\n');
    expect(construct({ apiTokenFile: file })).toThrow(TypeError);
  });
});
