import { expect } from '@jest/globals';
import fc from 'fast-check';
import type { SessionManager } from '../../server/src/session/session-manager';
import { anywhere, expectFailure, OnToken, slackMs } from './on-token';
import type { RealSessions, SessionCommand, Where } from './on-token';
import { fromResult, operations, parse, queue, toOperation } from './operations';
import type { ModelOperation, ModelSession, SessionModel } from './session-model';

class Create implements SessionCommand {
  constructor(
    readonly manager: number,
    readonly operations: ModelOperation[],
  ) {}

  check(): boolean {
    return true;
  }

  async run(model: SessionModel, real: RealSessions): Promise<void> {
    const expected = model.create(this.operations);
    const created = real.managers[this.manager]!.create({ mutations: this.operations.map(toOperation) });
    if (typeof expected === 'string') {
      await expectFailure(expected, created);
    } else {
      const { token, results } = await created;
      real.tokens.push(token);
      expect(results.map(fromResult)).toEqual(expected);
    }
  }

  toString(): string {
    return `create(${JSON.stringify(this.operations)})`;
  }
}

class Get extends OnToken {
  act(manager: SessionManager, token: string) {
    return manager.get(token);
  }

  async compare(model: SessionModel, session: ModelSession, acted: ReturnType<Get['act']>): Promise<void> {
    model.touch(session);
    const { data, flash, version, subject, created, accessed, expires, idleTimeout } = await acted;
    expect({
      data: new Map([...data].map(([name, value]) => [name, parse(value)])),
      flash: new Map([...flash].map(([name, messages]) => [name, messages.map(parse)])),
      version,
      subject,
      idle: idleTimeout,
    }).toEqual({
      data: session.data,
      flash: session.flash,
      version: session.version,
      subject: session.subject,
      idle: session.idle,
    });
    const drift = [
      accessed - created - (session.accessed - session.created),
      expires === undefined ? 0 : expires - created - (model.endOf(session) - session.created),
    ];
    expect(drift.filter((milliseconds) => Math.abs(milliseconds) > slackMs)).toEqual([]);
  }

  toString(): string {
    return `get(${this.where.tokensBack})`;
  }
}

class Update extends OnToken {
  constructor(
    where: Where,
    readonly operations: ModelOperation[],
    /** How far the expected version is off, or not given. */
    readonly versionOff: number | undefined,
  ) {
    super(where);
  }

  ifVersion: number | undefined;

  override async run(model: SessionModel, real: RealSessions): Promise<void> {
    const session = model.find(this.tokenNumber(model));
    this.ifVersion = this.versionOff === undefined ? undefined : Math.max(1, (session?.version ?? 1) + this.versionOff);
    await super.run(model, real);
  }

  act(manager: SessionManager, token: string) {
    return manager.update(token, { mutations: this.operations.map(toOperation), ifVersion: this.ifVersion });
  }

  async compare(model: SessionModel, session: ModelSession, acted: ReturnType<Update['act']>): Promise<void> {
    if (this.ifVersion !== undefined && this.ifVersion !== session.version) {
      return expectFailure('VERSION_MISMATCH', acted);
    }
    const expected = model.apply(session, this.operations);
    if (typeof expected === 'string') return expectFailure(expected, acted);
    const { results, session: state } = await acted;
    expect(results.map(fromResult)).toEqual(expected);
    expect(state.version).toBe(session.version);
  }

  toString(): string {
    return `update(${this.where.tokensBack}, ${JSON.stringify(this.operations)}, ${this.versionOff ?? 'any version'})`;
  }
}

class Regenerate extends OnToken {
  act(manager: SessionManager, token: string, real: RealSessions) {
    return manager.regenerate(token, { mutations: [] }).then((regenerated) => {
      real.tokens.push(regenerated.token);
      return regenerated;
    });
  }

  async compare(model: SessionModel, session: ModelSession, acted: ReturnType<Regenerate['act']>): Promise<void> {
    model.regenerate(session);
    model.changeSomethingElse(session);
    expect((await acted).session.version).toBe(session.version);
  }

  toString(): string {
    return `regenerate(${this.where.tokensBack})`;
  }
}

class Invalidate extends OnToken {
  override async run(model: SessionModel, real: RealSessions): Promise<void> {
    const session = model.find(this.tokenNumber(model));
    if (session !== undefined) model.end(session);
    await this.act(real.managers[this.where.manager]!, real.tokens[this.tokenNumber(model)]!);
    real.commandsRun += 1;
  }

  act(manager: SessionManager, token: string) {
    return manager.invalidate(token);
  }

  compare(): Promise<void> {
    return Promise.resolve();
  }

  toString(): string {
    return `invalidate(${this.where.tokensBack})`;
  }
}

class PopFlash extends OnToken {
  constructor(
    where: Where,
    readonly queue: string,
  ) {
    super(where);
  }

  act(manager: SessionManager, token: string) {
    return manager.popFlash(token, this.queue);
  }

  async compare(model: SessionModel, session: ModelSession, acted: ReturnType<PopFlash['act']>): Promise<void> {
    const expected = model.pop(session, this.queue);
    const { messages, version } = await acted;
    expect({ messages: messages.map(parse), version }).toEqual({ messages: expected, version: session.version });
  }

  toString(): string {
    return `popFlash(${this.where.tokensBack}, ${JSON.stringify(this.queue)})`;
  }
}

class RenewCsrfToken extends OnToken {
  async act(manager: SessionManager, token: string) {
    const old = await manager.csrfToken(token);
    const { csrfToken: fresh } = await manager.newCsrfToken(token);
    return [await manager.checkCsrfToken(token, old), await manager.checkCsrfToken(token, fresh)];
  }

  async compare(model: SessionModel, session: ModelSession, acted: Promise<unknown>): Promise<void> {
    model.changeSomethingElse(session);
    expect(await acted).toEqual([false, true]);
  }

  toString(): string {
    return `newCsrfToken(${this.where.tokensBack})`;
  }
}

class SetTerms extends OnToken {
  constructor(
    where: Where,
    readonly idleTimeout: number | 'never' | undefined,
    readonly subject: string | undefined,
  ) {
    super(where);
  }

  act(manager: SessionManager, token: string) {
    return manager.update(token, { mutations: [], idleTimeout: this.idleTimeout, subject: this.subject });
  }

  async compare(model: SessionModel, session: ModelSession, acted: Promise<unknown>): Promise<void> {
    if (this.idleTimeout !== undefined) session.idle = this.idleTimeout === 'never' ? undefined : this.idleTimeout;
    if (this.subject !== undefined) session.subject = this.subject === '' ? undefined : this.subject;
    if (this.idleTimeout === undefined && this.subject === undefined) model.touch(session);
    else model.changeSomethingElse(session);
    await acted;
  }

  toString(): string {
    return `setTerms(${this.where.tokensBack}, ${String(this.idleTimeout)}, ${JSON.stringify(this.subject)})`;
  }
}

class Advance implements SessionCommand {
  constructor(readonly milliseconds: number) {}

  /** Not to a time so near to an end or a due touch that the time the test itself takes would decide. */
  check(model: Readonly<SessionModel>): boolean {
    const then = model.now + this.milliseconds;
    return model.sessions.every((session) =>
      [model.endOf(session), model.touchDueAt(session)].every((instant) => Math.abs(instant - then) > slackMs),
    );
  }

  async run(model: SessionModel, real: RealSessions): Promise<void> {
    model.now += this.milliseconds;
    await real.advance(this.milliseconds);
  }

  toString(): string {
    return `advance(${this.milliseconds / 1000} s)`;
  }
}

const where = fc.record(anywhere);

export const sessionCommands = fc.commands(
  [
    fc.tuple(anywhere.manager, operations).map(([manager, steps]) => new Create(manager, steps)),
    where.map((at) => new Get(at)),
    where.map((at) => new Get(at)),
    fc
      .tuple(where, operations, fc.option(fc.integer({ min: -1, max: 1 }), { nil: undefined }))
      .map(([at, steps, versionOff]) => new Update(at, steps, versionOff)),
    fc.tuple(where, operations).map(([at, steps]) => new Update(at, steps, undefined)),
    where.map((at) => new Regenerate(at)),
    where.map((at) => new Invalidate(at)),
    fc.tuple(anywhere.manager, operations).map(([manager, steps]) => new Create(manager, steps)),
    fc.tuple(where, queue).map(([at, name]) => new PopFlash(at, name)),
    where.map((at) => new RenewCsrfToken(at)),
    fc
      .tuple(
        where,
        fc.option(fc.constantFrom<number | 'never'>(600_000, 3_600_000, 'never'), { nil: undefined }),
        fc.option(fc.constantFrom('', 'ada', 'user 7'), { nil: undefined }),
      )
      .map(([at, idleTimeout, subject]) => new SetTerms(at, idleTimeout, subject)),
    fc.constantFrom(13_000, 47_000, 500_000, 1_300_000).map((milliseconds) => new Advance(milliseconds)),
  ],
  { maxCommands: 100, size: 'max' },
);
