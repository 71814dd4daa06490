import { now, sleep } from '../clock';
import { atMostOneFlash } from '../history';
import type { Call, Merge, Update, Write } from '../history';
import type { Random } from '../random';
import { callOn, pickTimeout } from './lane-calls';
import type { LaneContext } from './lane-calls';
import { attempt } from './record';
import type { KnownSession } from './sessions';
import { playUser, subjectAtBirth } from './users';

/** Makes random calls on random sessions, one at a time. */
export async function runLane(context: LaneContext): Promise<void> {
  const { random, workload, setup, sessions } = context;
  while (!context.isFinishing()) {
    const slot = random.int(0, workload.sharedSlots - 1);
    const session = sessions.at(slot);
    if (session === undefined) {
      // Only one worker creates the sessions of a slot, and announces them to the others.
      if (slot % setup.count === setup.index && !sessions.isCreating(slot))
        await createIn(context, {
          slot,
          isShared: true,
          idleTimeoutMs: workload.idleTimeoutMs,
          subject: workload.users ? subjectAtBirth(context, slot) : undefined,
        });
      else await sleep(5);
    } else if (workload.users && random.chance(0.4)) {
      await playUser(context, session);
    } else if (sessions.dead.length > 0 && random.chance(0.05)) {
      const dead = random.pick(sessions.dead);
      await callOn(context, dead, random.pick(dead.tokens), pickCall(random, dead));
    } else if (session.tokens.length > 1 && random.chance(0.1)) {
      await callOn(context, session, random.pick(session.tokens.slice(0, -1)), pickCall(random, session));
    } else {
      await callOn(context, session, session.tokens.at(-1)!, pickCall(random, session));
    }
    await sleep(random.int(0, workload.maxPauseMs));
  }
}

/** Uses a session with a short idle timeout from time to time: mostly in time, sometimes just in time, sometimes too late. */
export async function runIdleLane(context: LaneContext, slot: number): Promise<void> {
  const { random, sessions, setup } = context;
  while (!context.isFinishing()) {
    const session = sessions.at(slot);
    if (session === undefined) {
      await createIn(context, { slot, isShared: false, idleTimeoutMs: random.int(1000, 1800) });
      continue;
    }
    const gap = pickGap(random, session.news.idleTimeoutMs!, setup.touchIntervalMs);
    const end = now() + gap;
    while (!context.isFinishing() && now() < end) await sleep(Math.min(50, end - now()));
    if (context.isFinishing()) return;
    const call: Call = random.chance(0.7)
      ? { kind: 'read', through: 'api' }
      : { kind: 'update', through: 'api', writes: [] };
    await callOn(context, session, session.tokens.at(-1)!, call);
  }
}

function pickGap(random: Random, idleTimeoutMs: number, touchIntervalMs: number): number {
  const way = random.int(1, 100);
  if (way <= 55) return random.int(50, Math.floor(idleTimeoutMs * 0.7));
  const tooLate = idleTimeoutMs + touchIntervalMs + random.int(300, 600);
  return way <= 85 || tooLate > maxGapMs ? idleTimeoutMs * 0.9 : tooLate;
}

/** Rounds are too short for longer waits. */
const maxGapMs = 4000;

interface Birth {
  readonly slot: number;
  readonly isShared: boolean;
  readonly idleTimeoutMs?: number | undefined;
  readonly subject?: string | undefined;
}

async function createIn(context: LaneContext, { slot, isShared, idleTimeoutMs, subject }: Birth): Promise<void> {
  const { random, connections, setup, sessions } = context;
  const id = context.nextId();
  sessions.setCreating(slot, true);
  const { operation, performed } = await attempt(random.pick(connections), {
    ...{
      id,
      process: setup.name,
      session: id,
      tokenName: id,
      token: '',
      call: { kind: 'create', subject },
      idleTimeoutMs,
    },
    timeoutMs: pickTimeout(random),
  });
  sessions.setCreating(slot, false);
  context.record(operation);
  if (performed === undefined) return;
  const { token = '', handle = '' } = performed;
  context.announce({ slot, name: id, handle, tokenName: id, token, idleTimeoutMs, isShared });
}

const keys = ['a', 'b', 'c'] as const;

function pickWrite(random: Random): Write {
  const way = random.int(1, 100);
  if (way <= 40) return { kind: 'increment', by: random.int(1, 9) };
  if (way <= 85)
    return { kind: random.pick(['set', 'set', 'setIfAbsent', 'delete', 'take'] as const), key: random.pick(keys) };
  return { kind: 'flash' };
}

/** Chooses a call. Calls never end the sessions of slot 0, so that there is always one that lives through a fault. */
function pickCall(random: Random, { version, news }: KnownSession): Call {
  const way = random.int(1, news.slot === 0 ? 980 : 1000);
  if (way <= 300) return { kind: 'read', through: random.chance(0.7) ? 'api' : 'session' };
  if (way <= 670) {
    const writes = atMostOneFlash(Array.from({ length: random.int(0, 4) }, () => pickWrite(random)));
    return { kind: 'update', through: 'api', writes, ...(random.chance(0.15) && { ifVersion: version }) };
  }
  if (way <= 740) return pickSave(random);
  if (way <= 810) return { kind: 'pushFlash' };
  if (way <= 870) return { kind: 'popFlash' };
  if (way <= 910) return { kind: 'peekFlash' };
  if (way <= 940) return { kind: 'newCsrf' };
  if (way <= 980) return { kind: 'getCsrf' };
  if (way <= 995) return { kind: 'regenerate' };
  return { kind: 'invalidate' };
}

function pickSave(random: Random): Update | Merge {
  const way = random.int(1, 100);
  if (way <= 40) return { kind: 'update', through: 'session', writes: [] };
  if (way <= 55) return { kind: 'update', through: 'session', writes: [], onConflict: 'fail' };
  const [sets, other] = random.shuffle(['m', 'n'] as const);
  return { kind: 'merge', through: 'session', sets: sets!, ...(random.chance(0.3) && { deletes: other! }) };
}
