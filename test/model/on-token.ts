import { expect } from '@jest/globals';
import fc from 'fast-check';
import { SessionError } from '../../server/src/session/errors';
import type { SessionManager } from '../../server/src/session/session-manager';
import type { ModelSession, SessionModel } from './session-model';

/** The real thing beside the model: several managers on one store, as several sidecars are, and the tokens they issued. */
export interface RealSessions {
  readonly managers: readonly SessionManager[];
  readonly tokens: string[];
  /** How many commands on tokens were compared. */
  commandsRun: number;
  advance(milliseconds: number): Promise<void>;
}

export type SessionCommand = fc.AsyncCommand<SessionModel, RealSessions>;

/** Real time passes in Redis while a test runs: no check may depend on less than this. */
export const slackMs = 12_000;

/** A command on whichever token, live or dead, by whichever sidecar. Newer tokens are likelier: more of them live. */
export const anywhere = { tokensBack: fc.oneof(fc.nat({ max: 2 }), fc.nat({ max: 20 })), manager: fc.nat({ max: 1 }) };

export interface Where {
  /** How many tokens before the newest. */
  readonly tokensBack: number;
  readonly manager: number;
}

export abstract class OnToken implements SessionCommand {
  constructor(readonly where: Where) {}

  check(model: Readonly<SessionModel>): boolean {
    return this.where.tokensBack < model.tokens.length;
  }

  async run(model: SessionModel, real: RealSessions): Promise<void> {
    const manager = real.managers[this.where.manager]!;
    const token = real.tokens[this.tokenNumber(model)]!;
    const session = model.find(this.tokenNumber(model));
    if (session === undefined) await expectFailure('SESSION_NOT_FOUND', this.act(manager, token, real));
    else await this.compare(model, session, this.act(manager, token, real));
    real.commandsRun += 1;
  }

  protected tokenNumber(model: SessionModel): number {
    return model.tokens.length - 1 - this.where.tokensBack;
  }

  abstract act(manager: SessionManager, token: string, real: RealSessions): Promise<unknown>;
  abstract compare(model: SessionModel, session: ModelSession, acted: Promise<unknown>): Promise<void>;
  abstract toString(): string;
}

export async function expectFailure(reason: string, acted: Promise<unknown>): Promise<void> {
  const error: unknown = await acted.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  expect(error instanceof SessionError ? error.reason : error).toBe(reason);
}
