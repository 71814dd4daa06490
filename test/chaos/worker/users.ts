import { sleep } from '../clock';
import type { Call } from '../history';
import { callOn, pickTimeout } from './lane-calls';
import type { LaneContext } from './lane-calls';
import type { Workload } from './protocol';
import { attempt } from './record';
import type { KnownSession } from './sessions';

/** So few that each has several sessions. */
const userCount = 3;

/** The usual user of a session. That of slot 0 has none, so that only an operator may end it. */
function userOf(slot: number, { round }: Workload): string | undefined {
  return slot === 0 ? undefined : nameOf(slot % userCount, round);
}

function nameOf(number: number, round: number): string {
  return `user${number} of ${round}`;
}

/** Picks a random user. @returns an empty string for no user */
function anyUser({ random, workload }: LaneContext): string {
  const number = random.int(0, userCount);
  return number === userCount ? '' : nameOf(number, workload.round);
}

/** Half of the sessions begin with a login, the others get it later, or never. */
export function subjectAtBirth({ random, workload }: LaneContext, slot: number): string | undefined {
  return random.chance(0.5) ? userOf(slot, workload) : undefined;
}

/** Makes a random call on a session or on all sessions of its user, or several that belong together. */
export async function playUser(context: LaneContext, session: KnownSession): Promise<void> {
  const { random } = context;
  const { slot } = session.news;
  const user = userOf(slot, context.workload);
  const way = random.int(1, 100);
  const present = session.tokens.at(-1)!;
  if (way <= 25 || user === undefined) {
    await useLease(context, session);
  } else if (way <= 40) {
    const leaseMs = random.int(400, 1500);
    const lock: Call = { kind: 'update', through: 'lock', writes: [{ kind: 'locked' }], leaseMs };
    await callOn(context, session, present, lock);
  } else if (way <= 50) {
    const save: Call = { kind: 'update', through: 'session', writes: [], onConflict: 'fail' };
    await callOn(context, session, present, save);
  } else if (way <= 60) {
    await replaceWithGrace(context, session);
  } else if (way <= 67) {
    const subject = random.chance(0.3) ? anyUser(context) : user;
    await callOn(context, session, random.pick(session.tokens), { kind: 'regenerate', subject });
  } else if (way <= 70) {
    await callOn(context, session, present, { kind: 'regenerate', subject: user, graceMs: 500 });
  } else if (way <= 75) {
    const move: Call = { kind: 'update', through: 'api', writes: [], subject: anyUser(context) };
    await callOn(context, session, random.pick(session.tokens.slice(-2)), move);
  } else if (way <= 91) {
    await callOnUser(context, { kind: 'list', subject: user });
  } else if (way <= 97) {
    const { name, value } = random.pick(session.tokens.slice(-2));
    await callOnUser(context, { kind: 'revoke', subject: user, except: name }, value);
  } else {
    await callOnUser(
      context,
      context.workload.operator ? endAsOperator(context, user) : { kind: 'revoke', subject: user },
    );
  }
}

/** An operator ends sessions seldom, because that of slot 0 may be among them. */
function endAsOperator({ random }: LaneContext, subject: string): Call {
  const way = random.int(1, 100);
  if (way <= 40) return { kind: 'revoke', subject };
  if (way <= 80) return { kind: 'revoke', subject, by: 'operator' };
  return { kind: 'revokeOlder', olderThanMs: random.int(500, 4000) };
}

/** Acquires a lease, works for some time, saves with its fence, even if too late, and mostly releases it: otherwise it crashed. */
async function useLease(context: LaneContext, session: KnownSession): Promise<void> {
  const { random } = context;
  const leaseMs = random.int(150, 900);
  const token = session.tokens.at(-1)!;
  const { operation, performed } = await callOn(context, session, token, { kind: 'acquire', leaseMs });
  const held = performed?.held;
  if (held === undefined || random.chance(0.15)) return;
  await sleep(random.chance(0.75) ? random.int(0, Math.floor(leaseMs / 3)) : leaseMs + random.int(0, 500));
  const lease = operation.id;
  await callOn(
    context,
    session,
    token,
    { kind: 'update', through: 'api', writes: [{ kind: 'locked' }], lease },
    { held },
  );
  if (random.chance(0.75)) await callOn(context, session, token, { kind: 'release', lease }, { held });
}

/** Uses the old token after that, in its grace and after it. */
async function replaceWithGrace(context: LaneContext, session: KnownSession): Promise<void> {
  const { random } = context;
  const old = session.tokens.at(-1)!;
  const graceMs = random.int(100, 1200);
  await callOn(context, session, old, { kind: 'regenerate', graceMs });
  for (let times = random.int(1, 4); times > 0 && !context.isFinishing(); times -= 1) {
    const call: Call = random.chance(0.7)
      ? { kind: 'read', through: random.pick(['api', 'session'] as const) }
      : random.pick([{ kind: 'update', through: 'api', writes: [] } as const, { kind: 'regenerate' } as const]);
    await callOn(context, session, old, call);
    await sleep(random.int(0, 600));
  }
}

async function callOnUser(context: LaneContext, call: Call, exceptToken?: string): Promise<void> {
  const { random, connections, setup } = context;
  const { operation } = await attempt(random.pick(connections), {
    ...{ id: context.nextId(), process: setup.name, session: '', tokenName: '', token: '' },
    ...{ call, exceptToken, timeoutMs: pickTimeout(random) },
    cancelAfterMs: random.chance(0.02) ? random.int(0, 15) : undefined,
  });
  context.record(operation);
}
