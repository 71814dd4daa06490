import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { definitions } from '../../server/src/cli';
import { binary, signingKey } from '../support/process';
import type { ServingProcess } from '../support/process';
import { connectRaw, mutation } from '../support/raw-grpc';
import type { RedisServer } from '../support/redis';
import { stackForAllTests } from '../support/stack';
import { commandsOf, runBlock, shapeOf } from './command-page';

const stack = stackForAllTests();

/** Every `sh` block of the page is run, in order; a `text` or `json` block that follows is what it prints. */
const page = 'docs/guide/cli.md';
const calls = commandsOf(page);

let sidecar: ServingProcess;
let redis: RedisServer;
let directory: string;

beforeAll(async () => {
  // Redis as it is without settings, so that the doctor has something to say.
  redis = await stack.redis();
  for (const key of ['sess:1', 'sess:2'])
    await redis.admin.set(key, '{"cookie":{"originalMaxAge":null},"cart":["tea"]}');
  directory = stack.directory();
  sidecar = await stack.process({ redis, settings: { ADMIN_ADDRESS: `unix:${join(directory, 'admin.sock')}` } });
  symlinkSync(binary, join(directory, 'session-sidecar'));
});

beforeEach(async () => {
  const client = connectRaw(sidecar.address);
  const mutations = [mutation.set('user', '{"id":7}'), mutation.set('cart', '["tea"]')];
  await client.call('invalidateSubjectSessions', { subject: 'user-7' });
  const { token } = await client.call('createSession', { mutations, subject: 'user-7', label: 'Firefox on Linux' });
  writeFileSync(join(directory, 'token'), token);
  client.close();
});

describe(page, () => {
  test('runs every command', () => {
    for (const { name } of definitions) {
      expect(calls.some(({ text }) => text.includes(`session-sidecar ${name}`))).toBe(true);
    }
  });

  for (const { text, output } of calls) {
    test(text.split('\n')[0]!, () => {
      const { stdout, stderr } = runBlock(text, directory, {
        REDIS_URL: redis.url,
        SESSION_SIDECAR_SIGNING_KEYS: signingKey,
        SESSION_SIDECAR_GRPC_ADDRESS: sidecar.address,
        SESSION_SIDECAR_ADMIN_ADDRESS: `unix:${join(directory, 'admin.sock')}`,
        SESSION_SIDECAR_HTTP_ADDRESS: new URL(sidecar.httpUrl).host,
        // A busy machine must not look like a slow Redis.
        SESSION_SIDECAR_REDIS_COMMAND_TIMEOUT: '20s',
      });
      if (output === undefined) expect(stderr).toBe('');
      else expect(shapeOf(`${stdout}${stderr}`)).toEqual(shapeOf(output));
    });
  }
});
