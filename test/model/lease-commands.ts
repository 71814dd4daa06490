import { expect } from '@jest/globals';
import fc from 'fast-check';
import type { SessionManager } from '../../server/src/session/session-manager';
import type { LeaseModel } from './lease-model';
import { expectFailure, slackMs } from './on-token';

/** One session beside its model: the tokens it ever had, and the fences of its leases, both in the order of the model's numbers. */
export interface RealLeases {
  readonly managers: readonly SessionManager[];
  readonly tokens: string[];
  readonly fences: number[];
  readonly reports: () => number;
  /** How often each kind of outcome was compared. */
  readonly outcomes: Map<string, number>;
  advance(milliseconds: number): Promise<void>;
}

type LeaseCommand = fc.AsyncCommand<LeaseModel, RealLeases>;

/** What a command is made of: by which sidecar, with which token, counted back from the newest. */
interface Use {
  readonly manager: number;
  readonly tokensBack: number;
}

/** Uses one of the session's tokens. */
class OnToken implements LeaseCommand {
  constructor(
    readonly name: string,
    readonly use: Use,
    /** What it does in the model, for a token that finds the session, and what the real one must do. */
    readonly act: (model: LeaseModel, call: Call) => Promise<string>,
    readonly detail: unknown = '',
  ) {}

  check(model: Readonly<LeaseModel>): boolean {
    return this.use.tokensBack < model.tokens;
  }

  async run(model: LeaseModel, real: RealLeases): Promise<void> {
    const number = model.tokens - 1 - this.use.tokensBack;
    const manager = real.managers[this.use.manager]!;
    const outcome = await this.act(model, {
      real,
      manager,
      number,
      token: real.tokens[number]!,
      found: model.finds(number),
    });
    real.outcomes.set(outcome, (real.outcomes.get(outcome) ?? 0) + 1);
    expect(real.reports()).toBe(model.replacedUses);
  }

  toString(): string {
    return `${this.name}(${this.use.tokensBack}, ${JSON.stringify(this.detail)})`;
  }
}

interface Call {
  readonly real: RealLeases;
  readonly manager: SessionManager;
  readonly number: number;
  readonly token: string;
  readonly found: boolean;
}

async function notFound(acted: Promise<unknown>): Promise<string> {
  await expectFailure('SESSION_NOT_FOUND', acted);
  return 'not found';
}

function get(use: Use): LeaseCommand {
  return new OnToken('get', use, async (model, { manager, number, token, found }) => {
    const acted = manager.get(token);
    if (!found) return notFound(acted);
    const { data, version } = await acted;
    expect({ value: Number(data.get('value')?.toString() ?? 0), version }).toEqual({
      value: model.value,
      version: model.version,
    });
    return number === model.token ? 'read' : 'read in grace';
  });
}

function acquire(use: Use, holder: string, duration: number): LeaseCommand {
  const act = async (model: LeaseModel, { real, manager, token, found }: Call): Promise<string> => {
    const acted = manager.acquireLease(token, { duration, holder });
    if (!found) return notFound(acted);
    const outcome = model.acquire(holder, duration);
    if (outcome === 'held') {
      await expectFailure('LEASE_HELD', acted);
    } else {
      const { lease, session } = await acted;
      if (outcome === 'again') expect(lease.fence).toBe(real.fences.at(-1));
      else expect(lease.fence).toBeGreaterThan(Math.max(0, ...real.fences));
      if (outcome === 'new') real.fences.push(lease.fence);
      expect(session.version).toBe(model.version);
    }
    return `acquire ${outcome}`;
  };
  return new OnToken('acquire', use, act, [holder, duration]);
}

/** @param leasesBack whose fence it carries, counted back from the newest: mostly one that has ended; `undefined`: none */
function save(use: Use, value: number, leasesBack: number | undefined): LeaseCommand {
  const act = async (model: LeaseModel, { real, manager, token, found }: Call): Promise<string> => {
    const lease = leasesBack === undefined ? undefined : model.leases - leasesBack;
    const fence = lease === undefined ? undefined : (real.fences[lease - 1] ?? 1);
    const mutations = [{ kind: 'set', key: 'value', value: Buffer.from(String(value)) } as const];
    const acted = manager.update(token, { mutations, fence });
    if (!found) return notFound(acted);
    if (model.save(value, lease)) {
      expect((await acted).session.version).toBe(model.version);
      return lease === undefined ? 'saved' : 'saved under a lease';
    }
    await expectFailure('LEASE_LOST', acted);
    return 'save lost';
  };
  return new OnToken('save', use, act, [value, leasesBack]);
}

function release(use: Use, leasesBack: number): LeaseCommand {
  const act = async (model: LeaseModel, { real, manager, token, found }: Call): Promise<string> => {
    const lease = model.leases - leasesBack;
    const acted = manager.releaseLease(token, real.fences[lease - 1] ?? 1);
    if (!found) return notFound(acted);
    const released = model.release(lease);
    await expect(acted).resolves.toBe(released);
    return released ? 'released' : 'release of none';
  };
  return new OnToken('release', use, act, leasesBack);
}

function regenerate(use: Use, grace: number | undefined): LeaseCommand {
  const act = async (model: LeaseModel, { real, manager, number, token, found }: Call): Promise<string> => {
    const acted = manager.regenerate(token, { mutations: [], grace });
    // A replaced token cannot replace the present one, not even in its grace.
    if (!found || number !== model.token) return notFound(acted);
    model.regenerate(grace);
    const regenerated = await acted;
    real.tokens.push(regenerated.token);
    expect(regenerated.session.version).toBe(model.version);
    return grace === undefined ? 'regenerated' : 'regenerated with grace';
  };
  return new OnToken('regenerate', use, act, grace);
}

function setSubject(use: Use, subject: string): LeaseCommand {
  const act = async (model: LeaseModel, { manager, token, found }: Call): Promise<string> => {
    const acted = manager.update(token, { mutations: [], subject });
    if (!found) return notFound(acted);
    model.setSubject();
    await acted;
    return 'subject';
  };
  return new OnToken('setSubject', use, act, subject);
}

function invalidate(use: Use): LeaseCommand {
  return new OnToken('invalidate', use, async (model, { manager, token, found }) => {
    await manager.invalidate(token);
    if (found) model.hasEnded = true;
    return 'invalidated';
  });
}

/** Lets leases and graces end: what a crashed holder leaves behind. */
class Advance implements LeaseCommand {
  constructor(readonly milliseconds: number) {}

  /** Not to a time so near to an end that the time the test itself takes would decide. */
  check(model: Readonly<LeaseModel>): boolean {
    return model.ends.every((end) => Math.abs(end - model.now - this.milliseconds) > slackMs);
  }

  async run(model: LeaseModel, real: RealLeases): Promise<void> {
    model.now += this.milliseconds;
    await real.advance(this.milliseconds);
  }

  toString(): string {
    return `advance(${this.milliseconds})`;
  }
}

const use = fc.record({
  manager: fc.nat({ max: 1 }),
  tokensBack: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.constant(1) },
    fc.nat({ max: 3 }),
  ),
});
const leasesBack = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 3 }));
const value = fc.integer({ min: 1, max: 1000 });
const grace = fc.constantFrom(undefined, 28_000, 30_000);

export const leaseCommands = fc.commands(
  [
    use.map(get),
    use.map(get),
    fc
      .tuple(use, fc.constantFrom('one', 'two', 'three'), fc.constantFrom(40_000, 60_000, 300_000))
      .map(([at, holder, duration]) => acquire(at, holder, duration)),
    fc.tuple(use, value, leasesBack).map(([at, number, back]) => save(at, number, back)),
    fc.tuple(use, value, leasesBack).map(([at, number, back]) => save(at, number, back)),
    fc.tuple(use, value).map(([at, number]) => save(at, number, undefined)),
    fc.tuple(use, leasesBack).map(([at, back]) => release(at, back)),
    fc.tuple(use, grace).map(([at, milliseconds]) => regenerate(at, milliseconds)),
    fc.tuple(use, fc.constantFrom('', 'ada')).map(([at, subject]) => setSubject(at, subject)),
    fc.tuple(use, fc.nat({ max: 9 })).map(([at, chance]) => (chance === 0 ? invalidate(at) : get(at))),
    fc.constantFrom(14_000, 25_000, 75_000).map((milliseconds) => new Advance(milliseconds)),
  ],
  { maxCommands: 60, size: 'max' },
);
