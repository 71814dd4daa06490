import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { SessionClient } from '@session-sidecar/client';
import type { Mutation } from '@session-sidecar/proto/session/v1/session';
import { connect } from '../../support/client';
import { connectRaw, failureOf, mutation } from '../../support/raw-grpc';
import type { RawClient, RpcFailure } from '../../support/raw-grpc';
import { metricOf } from '../../support/ready-sidecar';
import type { RedisServer } from '../../support/redis';
import type { Sidecar } from '../../support/sidecar';
import { stackForAllTests } from '../../support/stack';
import { storedIn } from '../../support/redis-inspection';

/** In every key, value, queue, subject and token that is refused. No answer and no log may repeat it. */
export const marked = 'zebra';

export const nameRule = 'Expected 1 to 256 bytes of UTF-8 without control characters, got';
export const queueRule = 'Expected 0 to 256 bytes of UTF-8 without control characters, got';

export const invalid = (violations: object) => ({
  status: 'INVALID_ARGUMENT',
  reason: 'INVALID_ARGUMENT',
  domain: 'session.v1',
  violations,
});

/** A sidecar and, new for each test, a session in it. */
export class BadInputFixture {
  redis: RedisServer | undefined;
  sidecar!: Sidecar;
  raw!: RawClient;
  token!: string;

  /** A client that is closed when the tests have run. */
  connect!: <T extends object>() => SessionClient<T>;

  readonly session = async () => (await this.raw.call('getSession', { token: this.token })).session!;

  readonly update = (...mutations: Mutation[]) => this.raw.call('updateSession', { token: this.token, mutations });

  /** Makes a call that must be refused, and checks that it changed nothing and that the answer gives nothing away. */
  readonly refused = async (call: () => Promise<unknown>): Promise<RpcFailure> => {
    const before = await this.#everything();
    const failure = await failureOf(call());
    expect(await this.#everything()).toEqual(before);
    const { message, metadata, violations } = failure;
    expect(JSON.stringify({ message, metadata, violations })).not.toContain(marked);
    expect(JSON.stringify({ message, metadata, violations })).not.toContain(this.token);
    return failure;
  };

  async #everything() {
    return {
      session: await this.session(),
      stored: this.redis
        ? await storedIn(this.redis)
        : await metricOf(this.sidecar, 'session_sidecar_sessions_created_total'),
    };
  }
}

/** The same tests for each store, and afterwards a look at what they left in the log. */
export function describeBadInput(what: string, tests: (fixture: BadInputFixture) => void): void {
  describe.each(['memory', 'Redis'])(`bad input ${what}, with sessions in %s`, (store) => {
    const stack = stackForAllTests();
    const fixture = new BadInputFixture();

    beforeAll(async () => {
      fixture.redis = store === 'Redis' ? await stack.redis() : undefined;
      fixture.sidecar = await stack.sidecar({ redis: fixture.redis, logLevel: 'debug' });
      fixture.raw = stack.use(connectRaw(fixture.sidecar.address));
      fixture.connect = <T extends object>() => stack.use(connect<T>(fixture.sidecar));
    });

    beforeEach(async () => {
      await fixture.redis?.admin.flushall();
      const mutations = [
        mutation.set('text', '"hello"'),
        mutation.set('list', '[1]'),
        mutation.set('number', '1'),
        mutation.set('most', String(Number.MAX_SAFE_INTEGER)),
        mutation.set('beyond', '9007199254740993'),
        mutation.set('fraction', '1.0'),
        mutation.pushFlash('', '"hello"'),
      ];
      fixture.token = (await fixture.raw.call('createSession', { mutations })).token;
    });

    tests(fixture);

    test('after all of this the sidecar works, and its log contains none of it', async () => {
      await fixture.update(mutation.set('a', '1'));
      expect(String((await fixture.session()).data.get('a'))).toBe('1');
      expect(fixture.sidecar.log()).not.toContain(marked);
      expect(fixture.sidecar.log()).not.toContain('"level":"error"');
    });
  });
}

/** Puts bytes that no string can hold in the place of a text of the same length. */
export function withBytes(message: Buffer, text: string, bytes: readonly number[]): Buffer {
  const changed = Buffer.from(message);
  changed.set(bytes, changed.indexOf(text));
  return changed;
}

/** The generated encoder takes it, although its type says otherwise. */
export function unsafe(integer: bigint): number {
  return integer as unknown as number;
}
