import { beforeAll, beforeEach, describe } from '@jest/globals';
import type { ISession, SessionClient } from '@session-sidecar/client';
import { connect } from '../../support/client';
import { countRpcs } from '../../support/sidecar';
import type { Sidecar } from '../../support/sidecar';
import { stackForAllTests } from '../../support/stack';

export interface Shop {
  user?: { id: number; name: string; roles?: string[] };
  cart?: string[];
  visits?: number;
  note?: string | null;
  nested?: { list: { deep: number[] }[] };
}

/** A sidecar, a client of it, and before each test a session that is stored. */
export class ClientSessionFixture {
  sidecar!: Sidecar;
  client!: SessionClient<Shop>;
  session!: ISession<Shop>;

  /** The session as the next request finds it. */
  readonly next = (): Promise<ISession<Shop>> => this.client.open(this.session.token);

  readonly stored = async (): Promise<Partial<Shop>> => (await this.next()).toObject();

  /** Runs `work` and returns the number of calls it made, by method. */
  readonly callsOf = async (work: () => Promise<unknown>): Promise<Record<string, number>> => {
    const before = await countRpcs(this.sidecar);
    await work();
    const after = Object.entries(await countRpcs(this.sidecar));
    return Object.fromEntries(
      after.map(([method, count]) => [method, count - (before[method] ?? 0)]).filter(([, count]) => count),
    ) as Record<string, number>;
  };
}

/** The same tests for each store and each transport. */
export function describeClientSession(what: string, tests: (fixture: ClientSessionFixture) => void): void {
  describe.each([
    ['memory', 'pipeline'],
    ['memory', 'unary'],
    ['Redis', 'pipeline'],
    ['Redis', 'unary'],
  ] as const)(`${what}, kept in %s, by %s`, (store, transport) => {
    const stack = stackForAllTests();
    const fixture = new ClientSessionFixture();

    beforeAll(async () => {
      const redis = store === 'Redis' ? await stack.redis() : undefined;
      fixture.sidecar = await stack.sidecar({ redis });
      fixture.client = stack.use(connect<Shop>(fixture.sidecar, { transport }));
    });

    beforeEach(async () => {
      fixture.session = fixture.client.create();
      fixture.session.update({ user: { id: 7, name: 'Ada' }, cart: ['tea'], visits: 1 });
      await fixture.session.save();
    });

    tests(fixture);
  });
}
