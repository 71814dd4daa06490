import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { untilReady } from './process';
import type { ProcessOptions, ServingProcess } from './process';
import { connectRaw, mutation } from './raw-grpc';
import type { RawClient, ResponseOf } from './raw-grpc';
import type { RedisServer } from './redis';
import type { Stack } from './stack';

export const secrets = {
  signingKey: randomBytes(32).toString('base64'),
  redisPassword: 'MARKredisPassword',
};

/** A sidecar on a Redis with a password, and everything secret it received, which must not appear in its output. */
export class WatchedSidecar {
  readonly #marks = new Set(Object.values(secrets));
  readonly #handles = new Set<string>();

  private constructor(
    readonly sidecar: ServingProcess,
    readonly redis: RedisServer,
    readonly client: RawClient,
  ) {}

  static async start(
    stack: Stack,
    settings: ProcessOptions['settings'],
    redisArgs: readonly string[] = [],
  ): Promise<WatchedSidecar> {
    const redis = await stack.redis({ args: redisArgs });
    await redis.admin.config('SET', 'requirepass', secrets.redisPassword);
    const sidecar = await stack.process({
      settings: {
        SIGNING_KEYS: secrets.signingKey,
        REDIS_URL: `redis://:${secrets.redisPassword}@127.0.0.1:${redis.port}`,
        REDIS_COMMAND_TIMEOUT: '1m',
        MAX_KEYS: '5',
        MAX_SESSION_SIZE: '1KiB',
        MAX_FLASH_MESSAGES: '1',
        ...settings,
      },
    });
    await untilReady(sidecar);
    const client = stack.use(connectRaw(sidecar.address));
    return new WatchedSidecar(sidecar, redis, client);
  }

  /** A random word that {@link leaks} looks for. Use it in keys, values and whatever else an application sends. */
  mark(what: string): string {
    const word = `MARK${what}${randomBytes(6).toString('hex')}`;
    this.#marks.add(word);
    return word;
  }

  /** Makes {@link leaks} look for a token and each of its parts. */
  markToken(token: string): string {
    const [id = '', signature = ''] = token.split('.');
    const secret = Buffer.from(id, 'base64url').subarray(16).toString('base64url');
    for (const part of [token, id, signature, secret]) this.#marks.add(part);
    return token;
  }

  async create(): Promise<ResponseOf<'createSession'> & { readonly key: string; readonly stored: string }> {
    const key = this.mark('key');
    const mutations = [
      mutation.set(key, JSON.stringify(this.mark('value'))),
      mutation.pushFlash(this.mark('queue'), JSON.stringify(this.mark('message'))),
    ];
    const created = await this.client.call('createSession', { mutations, subject: this.mark('subject') });
    this.markToken(created.token);
    this.#marks.add(created.session?.csrfToken ?? '');
    const handle = created.session?.handle ?? '';
    this.#handles.add(handle);
    const stored = `session:${handle}`;
    const [, , , , , secretHash = ''] = (await this.redis.admin.get(stored))?.split(' ') ?? [];
    this.#marks.add(secretHash);
    return { ...created, key, stored };
  }

  /** The marks that appear in the output, plain or encoded. */
  leaks(): readonly string[] {
    const { stdout, stderr } = this.sidecar.output();
    const written = stdout + stderr;
    return [...this.#marks].filter((mark) => formsOf(mark).some((form) => written.includes(form)));
  }

  /** Lines that contain a handle, except for those about calls at level debug. */
  linesWithHandle(): readonly string[] {
    const lines = Object.values(this.sidecar.output()).flatMap((text) => text.split('\n'));
    const isCall = (line: string): boolean => line.startsWith('{"level":"debug"') && line.endsWith('"msg":"call"}');
    const others = lines.filter((line) => !isCall(line));
    return others.filter((line) => [...this.#handles].some((handle) => line.includes(handle)));
  }

  async stop(): Promise<void> {
    this.sidecar.child.kill('SIGTERM');
    expect(await this.sidecar.exit).toEqual({ code: 0, signal: null });
  }
}

export function formsOf(mark: string): readonly string[] {
  const bytes = Buffer.from(mark);
  // Without the last character, which depends on the bytes that follow.
  const base64 = bytes.toString('base64').replace(/.?=*$/, '');
  return [mark, base64, bytes.toString('hex'), JSON.stringify([...bytes]).slice(1, -1)];
}
