import type { Call, Operation } from '../history';
import type { Random } from '../random';
import type { Connection } from './connection';
import type { SessionNews, WorkerSetup, Workload } from './protocol';
import { attempt } from './record';
import type { Attempt, Attempted } from './record';
import type { KnownSession, Sessions } from './sessions';

export interface LaneContext {
  readonly setup: WorkerSetup;
  readonly workload: Workload;
  readonly connections: readonly Connection[];
  readonly sessions: Sessions;
  readonly random: Random;
  nextId(): string;
  record(operation: Operation): void;
  announce(news: SessionNews): void;
  isFinishing(): boolean;
}

/** @param more what the call takes besides */
export async function callOn(
  context: LaneContext,
  session: KnownSession,
  { name: tokenName, value: token }: KnownSession['tokens'][number],
  call: Call,
  more: Pick<Attempt, 'held'> = {},
): Promise<Attempted> {
  const { random, connections, setup } = context;
  const id = context.nextId();
  const isReading = call.kind === 'read' || call.kind === 'peekFlash' || call.kind === 'getCsrf';
  const able = isReading
    ? connections
    : connections.filter(({ sidecar }) => sidecar !== context.workload.readingSidecar);
  const { operation, performed } = await attempt(random.pick(able), {
    ...{ id, process: setup.name, session: session.news.name, tokenName, token, call, timeoutMs: pickTimeout(random) },
    ...more,
    cancelAfterMs: random.chance(0.02) ? random.int(0, 15) : undefined,
  });
  context.record(operation);
  const { outcome } = operation;
  const isLast = session.tokens.at(-1)?.name === tokenName;
  if (performed?.version !== undefined) session.version = Math.max(session.version, performed.version);
  if (performed?.state !== undefined) session.changes = Math.max(session.changes, performed.state.log.length);
  if (performed?.token !== undefined) {
    context.announce({ ...session.news, tokenName: id, token: performed.token });
  } else if (
    isLast &&
    (call.kind === 'invalidate' || (outcome.status === 'failed' && outcome.code === 'SESSION_NOT_FOUND'))
  ) {
    session.isOver = true;
  }
  return { operation, performed };
}

/** Mostly the client's default timeout, sometimes a shorter one. */
export function pickTimeout(random: Random): number {
  const way = random.int(1, 100);
  return way <= 80 ? 3000 : way <= 90 ? 250 : 1000;
}
