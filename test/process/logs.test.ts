import type { Mutation } from '@session-sidecar/proto/session/v1/session';
import { describe, expect, test } from '@jest/globals';
import { until } from '../support/poll';
import { metricsOf, probe } from '../support/process';
import { failureOf, mutation } from '../support/raw-grpc';
import { stackForEachTest } from '../support/stack';
import { formsOf, secrets, WatchedSidecar } from '../support/watched-sidecar';

const stack = stackForEachTest();

async function failures(calls: Readonly<Record<string, Promise<unknown>>>): Promise<Readonly<Record<string, string>>> {
  const reasons = Object.entries(calls).map(async ([name, call]): Promise<[string, string]> => {
    const { reason, status } = await failureOf(call);
    return [name, reason ?? status];
  });
  return Object.fromEntries(await Promise.all(reasons));
}

describe.each(['info', 'debug'])(
  'at log level %s, nothing that an application or operator keeps secret is written',
  (level) => {
    const settings = { LOG_LEVEL: level };

    test('when everything succeeds', async () => {
      const watched = await WatchedSidecar.start(stack, settings);
      const { client } = watched;
      const { token, key } = await watched.create();
      await client.call('getSession', { token });
      const mutations = [mutation.take(key), mutation.increment(watched.mark('counter'), 1), mutation.clear()];
      await client.call('updateSession', { token, mutations, subject: watched.mark('subject') });
      await client.call('pushFlash', { token, queue: watched.mark('queue'), message: Buffer.from('1') });
      await client.call('popFlash', { token, queue: '' });
      await client.call('peekFlash', { token, queue: watched.mark('queue') });
      await client.call('checkCsrfToken', { token, csrfToken: watched.mark('csrf') });
      const lease = { token, duration: { seconds: 60, nanos: 0 }, holder: watched.mark('holder') };
      const { fence } = await client.call('acquireLease', lease);
      await client.call('updateSession', { token, fence });
      await client.call('releaseLease', { token, fence });
      const { csrfToken } = await client.call('newCsrfToken', { token });
      const regenerated = await client.call('regenerateSession', { token, mutations: [] });
      watched.markToken(regenerated.token);
      await client.call('invalidateSession', { token: regenerated.token });
      await watched.stop();
      expect(watched.leaks()).toEqual([]);
      expect(watched.linesWithHandle()).toEqual([]);
      const written = watched.sidecar.output().stdout;
      for (const secret of [csrfToken, regenerated.csrfToken]) expect(written).not.toContain(secret);
    });

    test('when the caller is wrong', async () => {
      const watched = await WatchedSidecar.start(stack, settings);
      const { client } = watched;
      const { token, key } = await watched.create();
      const { token: ended } = await watched.create();
      await client.call('invalidateSession', { token: ended });
      const update = (...mutations: Mutation[]) => client.call('updateSession', { token, mutations });
      const [id = ''] = token.split('.');
      const value = JSON.stringify(watched.mark('value'));
      const answers = await failures({
        malformed: client.call('getSession', { token: watched.mark('token') }),
        badSignature: client.call('getSession', {
          token: watched.markToken(`${id}.${token.slice(44, 47)}${'A'.repeat(21)}`),
        }),
        unknownKey: client.call('getSession', { token: watched.markToken(`${id}.${'_'.repeat(24)}`) }),
        ended: client.call('getSession', { token: ended }),
        longKey: update(mutation.set(watched.mark('key').repeat(20), '1')),
        controlCharacter: update(mutation.set(`${watched.mark('key')}\n`, '1')),
        noValue: update(mutation.set(watched.mark('key'), '')),
        notJson: update(mutation.append(watched.mark('key'), watched.mark('element'))),
        noArray: update(mutation.append(key, value)),
        noInteger: update(mutation.increment(key, 1)),
        noMutation: update({ kind: undefined }),
        subject: client.call('createSession', { subject: `${watched.mark('subject')}\n` }),
        version: client.call('updateSession', {
          token,
          ifVersion: 7,
          mutations: [mutation.set(watched.mark('key'), value)],
        }),
        tooLarge: update(mutation.set(watched.mark('key'), JSON.stringify(watched.mark('value').repeat(100)))),
        tooManyKeys: update(...[1, 2, 3, 4, 5, 6].map(() => mutation.set(watched.mark('key'), value))),
        flashFull: update(mutation.pushFlash('full', value), mutation.pushFlash('full', value)),
        noMessage: client.send('UpdateSession', Buffer.from(`\u000a\u007f${watched.mark('bytes')}`)),
        noMethod: client.send(watched.mark('Method'), Buffer.alloc(0)),
        deadline: client.call('getSession', { token }, { deadline: 1 }),
      });
      expect(answers).toEqual({
        malformed: 'TOKEN_INVALID',
        badSignature: 'TOKEN_INVALID',
        unknownKey: 'TOKEN_INVALID',
        ended: 'SESSION_NOT_FOUND',
        longKey: 'INVALID_ARGUMENT',
        controlCharacter: 'INVALID_ARGUMENT',
        noValue: 'INVALID_ARGUMENT',
        notJson: 'INVALID_ARGUMENT',
        noArray: 'INVALID_ARGUMENT',
        noInteger: 'INVALID_ARGUMENT',
        noMutation: 'INVALID_ARGUMENT',
        subject: 'INVALID_ARGUMENT',
        version: 'VERSION_MISMATCH',
        tooLarge: 'SESSION_TOO_LARGE',
        tooManyKeys: 'TOO_MANY_KEYS',
        flashFull: 'FLASH_QUEUE_FULL',
        noMessage: 'INVALID_ARGUMENT',
        noMethod: 'UNIMPLEMENTED',
        deadline: 'DEADLINE_EXCEEDED',
      });
      await watched.stop();
      expect(watched.leaks()).toEqual([]);
      expect(watched.linesWithHandle()).toEqual([]);
    });

    test('when Redis is full, refuses, hangs and dies', async () => {
      const watched = await WatchedSidecar.start(stack, settings);
      const { client, redis, sidecar } = watched;
      const { token, stored } = await watched.create();
      const set = () =>
        client.call('updateSession', {
          token,
          mutations: [mutation.set(watched.mark('key'), JSON.stringify(watched.mark('value')))],
        });
      expect((await set()).version).toBe(2);

      await redis.admin.config('SET', 'maxmemory', '1');
      expect(await failureOf(set())).toMatchObject({ reason: 'STORE_FULL' });
      await redis.admin.config('SET', 'maxmemory', '0');

      await redis.admin.call('ACL', 'SETUSER', 'default', '-eval', '-evalsha');
      expect(await failureOf(set())).toMatchObject({ reason: 'STORE_UNAVAILABLE' });
      await redis.admin.call('ACL', 'SETUSER', 'default', '+@all', '-get');
      expect(await failureOf(set())).toMatchObject({ reason: 'INTERNAL' });
      await redis.admin.call('ACL', 'SETUSER', 'default', '+@all', 'resetkeys');
      expect(await failureOf(set())).toMatchObject({ reason: 'STORE_UNAVAILABLE' });
      await redis.admin.call('ACL', 'SETUSER', 'default', 'allkeys');

      await redis.admin.config('SET', 'requirepass', 'MARKanotherPassword');
      await redis.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await until('the log line about the password', () =>
        sidecar.log().find((line) => JSON.stringify(line['err'] ?? '').includes('WRONGPASS')),
      );
      expect(await failureOf(set())).toMatchObject({ reason: 'STORE_UNAVAILABLE' });
      await redis.admin.config('SET', 'requirepass', secrets.redisPassword);
      await until(
        'the sidecar to be ready again',
        async () => (await probe(`${sidecar.httpUrl}/readyz`)).status === 200,
      );
      expect(await redis.admin.exists(stored)).toBe(1);

      redis.freeze();
      const [hanging, gone] = [failureOf(set()), failureOf(client.call('getSession', { token }))];
      await until(
        'the calls to be in flight',
        async () => (await metricsOf(sidecar)).value('session_sidecar_rpcs_in_flight') === 2,
      );
      // Without thawing it first, so that it cannot answer.
      redis.process.kill('SIGKILL');
      expect(await hanging).toMatchObject({ reason: 'STORE_UNAVAILABLE', metadata: { maybe_applied: 'true' } });
      expect(await gone).toMatchObject({ reason: 'STORE_UNAVAILABLE', metadata: { maybe_applied: 'false' } });
      expect(await failureOf(set())).toMatchObject({
        reason: 'STORE_UNAVAILABLE',
        metadata: { maybe_applied: 'false' },
      });

      await watched.stop();
      expect(watched.leaks()).toEqual([]);
      expect(watched.linesWithHandle()).toEqual([]);
      expect(watched.sidecar.output().stdout).not.toContain('MARKanotherPassword');
    });

    test('when Redis repeats the command in its error', async () => {
      // Answers: ERR unknown command 'evalsha', with args beginning with: and then the key, the secret's hash and so on.
      const watched = await WatchedSidecar.start(stack, settings, ['--rename-command', 'EVALSHA', '']);
      // The text of a script is sent the first time.
      await watched.client.call('createSession', {});
      const key = watched.mark('key');
      const mutations = [mutation.set(key, JSON.stringify(watched.mark('value')))];
      const failure = await failureOf(
        watched.client.call('createSession', { mutations, subject: watched.mark('subject') }),
      );
      expect(failure).toMatchObject({ reason: 'INTERNAL' });
      await watched.stop();
      const [line] = watched.sidecar.log().filter(({ msg }) => msg === 'call failed');
      expect(line).toMatchObject({ level: 'error', method: 'CreateSession', errorId: failure.metadata['error_id'] });
      expect(line?.['err']).toEqual({ type: 'ReplyError', message: 'Redis answered with ERR' });
      expect(watched.leaks()).toEqual([]);
      // Nor the hash of the secret, which nobody but Redis was told.
      expect(watched.sidecar.output().stdout).not.toMatch(/[\w-]{43}/);
    });

    test('when a record cannot be read, of which only the handle is', async () => {
      const watched = await WatchedSidecar.start(stack, settings);
      const { client, redis } = watched;
      const spoil = {
        damaged: (stored: string) => redis.admin.set(stored, watched.mark('damaged')),
        newer_format: (stored: string) => redis.admin.set(stored, `3 ${watched.mark('newer')}\n`),
        foreign_type: async (stored: string) => {
          await redis.admin.del(stored);
          await redis.admin.lpush(stored, watched.mark('foreign'));
        },
      };
      for (const [problem, spoilRecord] of Object.entries(spoil)) {
        const { token, stored, session } = await watched.create();
        await spoilRecord(stored);
        // A session that was there a moment ago is read plainly once more, and a key of another type then looks like none.
        if (problem === 'foreign_type') await failureOf(client.call('getSession', { token }));
        const failure = await failureOf(client.call('getSession', { token }));
        expect(failure).toMatchObject({ status: 'INTERNAL', reason: 'INTERNAL' });
        const errorId = failure.metadata['error_id'];
        const line = await until('the log line', () => watched.sidecar.log().find((one) => one['errorId'] === errorId));
        const message = `The stored record of session ${session?.handle ?? ''} cannot be read (${problem}).`;
        expect(line).toMatchObject({ level: 'error', msg: 'call failed', method: 'GetSession', err: { message } });
        if (problem === 'newer_format') continue;
        await client.call('invalidateSession', { token });
        const msg = 'session ended although its record cannot be read';
        await until('the log line', () =>
          watched.sidecar.log().find((one) => one.msg === msg && JSON.stringify(one).includes(message)),
        );
      }
      await watched.stop();
      expect(watched.leaks()).toEqual([]);
      expect(watched.linesWithHandle()).toHaveLength(Object.keys(spoil).length + 2);
    });
  },
);

test('what is not to be written would be found if it were', async () => {
  const watched = await WatchedSidecar.start(stack, { REDIS_KEY_PREFIX: 'MARKprefix' });
  const written = watched.sidecar.output().stdout;
  expect(written).toContain('MARKprefix');
  for (const form of formsOf('MARKvalue')) expect(`before ${form}after`).toContain(form);
  const base64 = Buffer.from('"MARKvalue"').subarray(1).toString('base64');
  expect(formsOf('MARKvalue').some((form) => base64.includes(form))).toBe(true);
});
