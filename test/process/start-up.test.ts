import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { version } from '../../server/package.json';
import { outcomeOf } from '../support/commands';
import { until } from '../support/poll';
import { binary, probe, signingKey } from '../support/process';
import { connectRaw, failureOf, mutation } from '../support/raw-grpc';
import { freeAddress, freePort } from '../support/free-port';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

let directory: string;

beforeEach(() => {
  directory = stack.directory();
});

describe('a sidecar that starts', () => {
  test('says its version, its store, every address it listens on, and the settings in force', async () => {
    const socket = `unix:${join(directory, 'sidecar.sock')}`;
    const { serving, output } = await stack.process({
      settings: { GRPC_ADDRESS: `127.0.0.1:0,${socket}`, MAX_KEYS: '5' },
      args: ['--idle-timeout', '1h'],
    });
    expect(serving).toMatchObject({ level: 'info', version, store: 'memory' });
    expect(serving.grpc).toEqual([expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/), socket]);
    expect(serving.http).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    expect(serving['settings']).toMatchObject({
      SESSION_SIDECAR_GRPC_ADDRESS: `127.0.0.1:0,${socket}`,
      SESSION_SIDECAR_MAX_KEYS: '5',
      SESSION_SIDECAR_IDLE_TIMEOUT: '1h',
      SESSION_SIDECAR_MAX_FLASH_MESSAGES: '100',
    });
    expect(output().stderr).toBe('');
  });

  test('listens on IPv6 as well when an HTTP address has no host', async () => {
    const { httpUrl } = await stack.process({ settings: { HTTP_ADDRESS: ':0' } });
    const { port } = new URL(httpUrl);
    expect((await probe(`http://127.0.0.1:${port}/livez`)).status).toBe(200);
    expect((await probe(`http://[::1]:${port}/livez`)).status).toBe(200);
  });

  test('says that it made a signing key, and never which', async () => {
    const { logged } = await stack.process();
    expect(
      await logged('no signing key configured: using a random one; tokens become invalid when this process exits'),
    ).toMatchObject({ level: 'info' });
  });

  test('takes secrets from files and says only that they are set', async () => {
    const redis = await stack.redis();
    const files = { keys: join(directory, 'keys'), url: join(directory, 'url') };
    writeFileSync(files.keys, `${signingKey}\n`);
    writeFileSync(files.url, `${redis.url}/0\n`);
    const { serving, output } = await stack.process({
      settings: { SIGNING_KEYS_FILE: files.keys, REDIS_URL_FILE: files.url },
    });
    expect(serving).toMatchObject({
      store: 'redis',
      settings: { SESSION_SIDECAR_SIGNING_KEYS: '(set)', SESSION_SIDECAR_REDIS_URL: '(set)' },
    });
    expect(output().stdout).not.toContain(signingKey);
    expect(output().stdout).not.toContain(redis.url);
  });

  test('warns about variables that are no settings and about settings without effect', async () => {
    const { log } = await stack.process({ settings: { PORT: 'tcp://10.0.0.1:80', REDIS_TTL: 'off' } });
    const warnings = log().filter(({ level }) => level === 'warn');
    expect(warnings.map(({ msg }) => msg)).toEqual([
      'SESSION_SIDECAR_PORT is set, but is not a setting.',
      'SESSION_SIDECAR_REDIS_TTL has no effect: no Redis is configured, so sessions are kept in memory.',
    ]);
  });

  test('writes no line that is less important than the log level', async () => {
    const http = await freeAddress();
    const { child, exit, output } = stack.launch({
      settings: { GRPC_ADDRESS: '127.0.0.1:0', HTTP_ADDRESS: http, LOG_LEVEL: 'error' },
    });
    await until('the sidecar to be alive', () => probe(`http://${http}/livez`).catch(() => undefined));
    child.kill('SIGTERM');
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(output()).toEqual({ stdout: '', stderr: '' });
  });
});

test('what libraries and Node.js print is a log line, without objects', async () => {
  const script = join(directory, 'print.cjs');
  const code = `console.warn('a %s', 'library', { args: ['s3cret'] }); process.emitWarning('careful');`;
  writeFileSync(script, `process.once('SIGUSR2', () => { ${code} });`);
  const { child, log, logged, output } = await stack.process({ env: { NODE_OPTIONS: `--require ${script}` } });
  child.kill('SIGUSR2');
  expect(await logged('Node.js warning')).toMatchObject({ level: 'warn', detail: 'Warning: careful' });
  expect(log()).toContainEqual(expect.objectContaining({ msg: 'library warning', detail: 'a library' }));
  expect(output().stderr).toBe('');
  expect(output().stdout).not.toContain('s3cret');
});

describe('the command line', () => {
  test('--version prints the version', () => {
    // As a program, by its first line, the way npm installs it.
    const { status, stdout, stderr } = outcomeOf(binary, ['--version']);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `session-sidecar ${version}\n`, stderr: '' });
  });

  test.each(['--help', '-h'])('%s prints the settings, even if some are wrong', async (flag) => {
    const { exit, output } = stack.launch({ settings: { MAX_KEYS: 'many' }, args: [flag] });
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(output().stdout).toContain('SESSION_SIDECAR_MAX_KEYS, --max-keys');
    expect(output().stderr).toBe('');
  });
});

describe('a sidecar that cannot start', () => {
  test('ends with 64 and everything that is wrong with its settings', async () => {
    const settings = { IDLE_TIMEOUT: '30', GRPC_ADDRESS: '0.0.0.0:50051', REDIS_CLUSTER_NODES: 'a:1' };
    const { exit, log, output } = stack.launch({ settings, args: ['--max-keys', '0', '--redis-password', 's3cret'] });
    expect(await exit).toEqual({ code: 64, signal: null });
    expect(log().every(({ level }) => level === 'fatal')).toBe(true);
    const problems = log().map(({ msg }) => /^cannot start: (.+)$/.exec(msg)?.[1] ?? '');
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      '--redis-password',
      'SESSION_SIDECAR_GRPC_ADDRESS',
      'SESSION_SIDECAR_IDLE_TIMEOUT',
      '--max-keys',
      'SESSION_SIDECAR_SIGNING_KEYS',
    ]);
    expect(output().stdout).toContain('openssl rand -base64 32');
    expect(output().stdout).not.toContain('s3cret');
    // One line for each problem, all of them JSON.
    expect(output().stdout.trimEnd().split('\n')).toHaveLength(log().length);
    expect(output().stderr).toBe('');
  });

  test('says why at any log level', async () => {
    const { exit, log } = stack.launch({ settings: { LOG_LEVEL: 'error', HTTP_MAX_CONNECTIONS: '0' } });
    expect(await exit).toEqual({ code: 64, signal: null });
    expect(log().map(({ msg }) => msg)).toEqual([
      'cannot start: SESSION_SIDECAR_HTTP_MAX_CONNECTIONS: Expected a whole number from 8 to 10000, got `0`.',
    ]);
  });

  test('on a terminal, says so in plain text', () => {
    const command = `SESSION_SIDECAR_MAX_KEYS=0 ${process.execPath} ${binary}; echo code $?`;
    // A pseudo-terminal as standard output and standard error.
    const { stdout } = outcomeOf('script', ['--quiet', '--command', command, '/dev/null']);
    expect(stdout.replaceAll('\r', '')).toBe(
      'session-sidecar cannot start:\n  SESSION_SIDECAR_MAX_KEYS: Expected a whole number from 1 to 100000, got `0`.\ncode 64\n',
    );
  });

  describe('because a port is taken', () => {
    let other: Server;
    let taken: string;

    beforeEach(async () => {
      other = createServer();
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      taken = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    });

    afterEach(async () => {
      await new Promise((resolve) => other.close(resolve));
    });

    test.each(['GRPC_ADDRESS', 'HTTP_ADDRESS'])('ends with 1 and says that it is SESSION_SIDECAR_%s', async (name) => {
      const free = { GRPC_ADDRESS: '127.0.0.1:0', HTTP_ADDRESS: '127.0.0.1:0' };
      const settings = { ...free, LISTEN_TIMEOUT: '50ms', [name]: taken };
      const { exit, log, output } = stack.launch({ settings });
      expect(await exit).toEqual({ code: 1, signal: null });
      const lines = log().filter(({ level }) => level !== 'info');
      expect(lines).toEqual([
        expect.objectContaining({
          level: 'fatal',
          msg: expect.stringMatching(
            new RegExp(`^cannot start: Cannot listen on ${taken} \\(SESSION_SIDECAR_${name}\\): .*EADDRINUSE`),
          ),
        }),
      ]);
      expect(output().stdout).not.toContain('serving');
      // Nothing of a library either.
      expect(output().stderr).toBe('');
    });

    test('does so with Redis, too, whose connection would keep it alive', async () => {
      const redis = await stack.redis();
      const settings = {
        GRPC_ADDRESS: '127.0.0.1:0',
        HTTP_ADDRESS: taken,
        REDIS_URL: redis.url,
        SIGNING_KEYS: signingKey,
      };
      const { exit } = stack.launch({ settings });
      expect(await exit).toEqual({ code: 1, signal: null });
    });
  });

  test('because of an error that is not handled, ends with 1 and prints nothing that hangs on the error', async () => {
    const script = join(directory, 'throw.cjs');
    const code = `setTimeout(() => Promise.reject(Object.assign(new Error('unforeseen'), { command: { args: ['s3cret'] } })), 0);`;
    writeFileSync(script, `process.once('SIGUSR2', () => { ${code} });`);
    const { child, exit, output, logged } = await stack.process({ env: { NODE_OPTIONS: `--require ${script}` } });
    child.kill('SIGUSR2');
    expect(await exit).toEqual({ code: 1, signal: null });
    expect(await logged('uncaught exception, exiting')).toMatchObject({
      level: 'fatal',
      err: { message: 'unforeseen' },
    });
    expect(JSON.stringify(output())).not.toContain('s3cret');
  });
});

describe('a sidecar whose Redis is not there yet', () => {
  test('is alive and not ready, refuses calls, and becomes ready when Redis appears', async () => {
    const port = await freePort();
    const sidecar = await stack.process({
      settings: { SIGNING_KEYS: signingKey },
      env: { REDIS_URL: `redis://127.0.0.1:${port}` },
    });
    const client = stack.use(connectRaw(sidecar.address));
    expect(sidecar.serving).toMatchObject({ store: 'redis' });
    expect(await probe(`${sidecar.httpUrl}/livez`)).toMatchObject({ status: 200, text: 'alive\n' });
    expect(await probe(`${sidecar.httpUrl}/readyz`)).toMatchObject({
      status: 503,
      text: expect.stringMatching(/^not ready: redis: .+ since \d{4}-\d\d-\d\dT[\d:.]+Z\n$/),
    });
    expect(await failureOf(client.call('createSession', {}))).toMatchObject({
      status: 'UNAVAILABLE',
      reason: 'STORE_UNAVAILABLE',
    });
    expect(await sidecar.logged('Redis connection error')).toMatchObject({
      level: 'warn',
      err: { code: 'ECONNREFUSED' },
      advice: 'REDIS_URL: Nothing listens there. Check host and port, and whether Redis runs.',
    });

    const redis = await stack.redis({ port });
    await until('the sidecar to be ready', async () => (await probe(`${sidecar.httpUrl}/readyz`)).status === 200);
    const { token } = await client.call('createSession', { mutations: [mutation.set('a', '1')] });
    expect((await client.call('getSession', { token })).session?.data).toEqual(new Map([['a', Buffer.from('1')]]));
    await sidecar.logged('connected to Redis');
    await redis.stop();
    await until('the sidecar to notice', async () => (await probe(`${sidecar.httpUrl}/readyz`)).status === 503);
    expect((await probe(`${sidecar.httpUrl}/livez`)).status).toBe(200);
  });
});
