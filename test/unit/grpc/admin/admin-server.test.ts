import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { AdminServiceService } from '@session-sidecar/proto/session/admin/v1/admin_service';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { AdminMethods } from '../../../../server/src/admin/admin-service';
import { startAdminServer } from '../../../../server/src/grpc/admin/admin-server';
import type { AdminServer } from '../../../../server/src/grpc/admin/admin-server';
import { ApiTokens } from '../../../../server/src/grpc/api-tokens';
import { createLogger } from '../../../../server/src/logging';
import { until } from '../../../support/poll';
import { connectAdmin } from '../../../support/raw-admin';
import { failureOf } from '../../../support/raw-grpc';
import { stackForEachTest } from '../../../support/stack';

const stack = stackForEachTest();

/** Calls that count until they are stopped. */
let running = 0;
let ended: string[];
let refused: string[];

async function* endless(): AsyncGenerator<{
  readonly done: boolean;
  readonly count: number;
  readonly progress: number;
}> {
  running += 1;
  try {
    for (let count = 0; ; count += 1) {
      yield { done: false, count, progress: 0 };
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  } finally {
    running -= 1;
  }
}

const methods: AdminMethods = {
  definition: AdminServiceService,
  unary: {
    estimateSessions: () => Promise.resolve({ count: 1, low: 1, high: 1 }),
    getSessions: () => Promise.reject(new Error('a bug')),
  },
  streams: { countSessions: endless, revokeSessions: endless },
};

async function start(): Promise<{ readonly server: AdminServer; readonly path: string; readonly address: string }> {
  const path = join(stack.directory(), 'admin.sock');
  const server = await startAdminServer({
    methods,
    addresses: [{ kind: 'unix', path }],
    socketMode: 0o600,
    listenTimeoutMs: 0,
    tokens: new ApiTokens(undefined),
    observer: {
      refused: (limit) => refused.push(limit),
      adminCallEnded: (method, status) => ended.push(`${method} ${status}`),
    },
    logger: createLogger('silent'),
  });
  stack.use(server);
  return { server, path, address: server.addresses[0]! };
}

beforeEach(() => {
  [ended, refused] = [[], []];
});

describe('the server for operators', () => {
  test('serves a Unix socket that only its user may open', async () => {
    const { path, address } = await start();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const admin = stack.use(connectAdmin(address));
    expect(await admin.last('estimateSessions')).toEqual({ count: 1, low: 1, high: 1 });
    expect(ended).toEqual(['EstimateSessions OK']);
  });

  test('hides what it did not foresee', async () => {
    const admin = stack.use(connectAdmin((await start()).address));
    const { status, message } = await failureOf(admin.call('getSessions'));
    expect(status).toBe('INTERNAL');
    expect(message).not.toContain('bug');
  });

  test('stops its work when the caller does not wait any more', async () => {
    const { address } = await start();
    const client = new Client(address, credentials.createInsecure());
    const { path, requestSerialize, responseDeserialize } = AdminServiceService.countSessions;
    const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {});
    stream.on('error', () => {});
    await new Promise((resolve) => stream.once('data', resolve));
    expect(running).toBe(1);
    stream.cancel();
    await until('the work to stop', () => running === 0);
    expect(ended).toEqual(['CountSessions CANCELLED']);
    client.close();
  });

  test('refuses more work than it has room for, and ends all of it when it stops', async () => {
    const { server, address } = await start();
    const admin = stack.use(connectAdmin(address));
    const calls = Array.from({ length: 8 }, () => failureOf(admin.call('countSessions')));
    await until('all calls to run', () => running === 8);
    expect((await failureOf(admin.call('revokeSessions'))).reason).toBe('OVERLOADED');
    expect(refused).toEqual(['admin_calls']);
    server.close();
    const failures = await Promise.all(calls);
    expect(failures.map(({ reason }) => reason)).toEqual(calls.map(() => 'DRAINING'));
    await until('the work to stop', () => running === 0);
  });

  test('names the setting of an address that it cannot use', async () => {
    const again = startAdminServer({
      ...{
        methods,
        addresses: [{ kind: 'unix', path: join(stack.directory(), 'none', 'admin.sock') }],
        socketMode: 0o600,
      },
      ...{ listenTimeoutMs: 0, tokens: new ApiTokens(undefined), logger: createLogger('silent') },
      observer: { refused: () => undefined, adminCallEnded: () => undefined },
    });
    await expect(again).rejects.toThrow('(SESSION_SIDECAR_ADMIN_ADDRESS)');
  });
});
