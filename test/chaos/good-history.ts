import type { Call, FaultEvent, History, Operation, Outcome, Register, SessionInfo, State, Write } from './history';
import { atMostOneFlash } from './history';
import { defaultSlack } from './slack';
import { createRandom } from './random';
import type { Random } from './random';

/*
 * Generates histories in which every promise is kept: overlapping random calls, some of which fail, time out, or are answered from a
 * cache. The checks must accept them.
 */

export interface GoodHistoryOptions {
  readonly seed: number;
  readonly nearCache?: boolean;
  /** What the store loses in the middle of the history: the most recent changes, or all sessions. */
  readonly loss?: 'recent' | 'sessions';
  readonly sessions?: number;
  readonly callsPerSession?: number;
}

/** A session in the modelled store. */
interface Stored {
  token: string;
  version: number;
  log: string[];
  count: number;
  registers: { a?: string; b?: string; c?: string };
  merged: { m?: string; n?: string };
  flash: string[];
  csrf: string;
  isOver: boolean;
}

/** The idle timeout of one of the sessions, in ms. */
const idleTimeoutMs = 400;
const touchIntervalMs = 300;

export function goodHistory(options: GoodHistoryOptions): History {
  const { seed, nearCache = false, loss, sessions: count = 4, callsPerSession = 120 } = options;
  const random = createRandom(seed);
  const operations: Operation[] = [];
  const sessions: SessionInfo[] = [];
  const lossAt = 1500;
  for (let number = 0; number < count; number++) {
    const name = `s${number}-0`;
    const isIdle = number === count - 1;
    sessions.push({ name, handle: name, slot: 0, idleTimeoutMs: isIdle ? idleTimeoutMs : undefined });
    operations.push(
      ...callsOn(name, random.fork(), { calls: callsPerSession, nearCache, isIdle, lossAt: loss && lossAt, loss }),
    );
  }
  const faults: FaultEvent[] = [];
  if (loss !== undefined) {
    const [injected, possible] = [lossAt - 100, lossAt];
    faults.push({
      ...{ kind: 'model-loss', detail: '', injected, healed: possible, possible, sidecars: ['a', 'b'] },
      loss: { what: loss, from: injected, until: possible },
    });
  }
  operations.sort((a, b) => a.invoked - b.invoked);
  const end = Math.max(...operations.map(({ completed }) => completed));
  const every = <T>(ms: number, sample: (at: number, sidecar: string) => T): T[] =>
    Array.from({ length: Math.ceil(end / ms) }, (_, tick) =>
      ['a', 'b'].map((sidecar) => sample(tick * ms, sidecar)),
    ).flat();
  return {
    ...{ operations, sessions, faults, stalls: [], watched: [], keys: [], records: [] },
    readiness: every(100, (at, sidecar) => ({ sidecar, at, status: 200 })),
    memory: every(500, (at, sidecar) => ({ sidecar, at, residentBytes: 100 * 2 ** 20 })),
    setup: { nearCache, clientCache: false, touchIntervalMs, memoryLimitBytes: 256 * 2 ** 20, slack: defaultSlack },
  };
}

interface CallsOptions {
  readonly calls: number;
  readonly nearCache: boolean;
  readonly isIdle: boolean;
  readonly loss: 'recent' | 'sessions' | undefined;
  readonly lossAt: number | undefined;
}

/** Generates the calls on one session, in the order in which they take effect. */
function callsOn(
  session: string,
  random: Random,
  { calls, nearCache, isIdle, loss, lossAt }: CallsOptions,
): Operation[] {
  const operations: Operation[] = [];
  let record: Stored | undefined;
  let backup: Stored | undefined;
  let lastAccess = 0;
  let effect = random.int(10, 30);
  const tokens: string[] = [];
  /** What each sidecar has cached, and until when it may answer with it. */
  const caches = new Map<string, { record: Stored; until: number }>();
  let isLost = false;

  for (let number = 0; number <= calls; number++) {
    if (lossAt !== undefined && !isLost && effect > lossAt) {
      isLost = true;
      record = loss === 'recent' ? backup : undefined;
      caches.clear();
    }
    // The state of a replica that lags a little.
    if (lossAt !== undefined && effect < lossAt - 50 && record !== undefined) backup = structuredClone(record);

    const id = number === 0 ? session : `${session}.${number}`;
    const call: Call = number === 0 ? { kind: 'create' } : pickCall(random, isIdle, record?.version ?? 1);
    const sidecar = random.pick(['a', 'b']);
    const token = number === 0 ? id : random.chance(0.08) ? random.pick(tokens) : tokens.at(-1)!;
    const invoked = effect - random.int(0, 20);
    let completed = effect + random.int(0, 20);
    const fate = number === 0 ? 100 : random.int(1, 100);
    let outcome: Outcome;
    if (fate <= 3) {
      outcome = { status: 'failed', code: 'STORE_UNAVAILABLE', maybeApplied: false };
    } else {
      const isExpired = isIdle && effect > lastAccess + idleTimeoutMs;
      if (isExpired && record !== undefined) {
        record.isOver = true;
        caches.clear();
      }
      const cached = caches.get(sidecar);
      // Another token may be newer, so only the cached token is answered from the cache.
      const isCached = nearCache && call.kind === 'read' && cached?.record.token === token && effect < cached.until;
      outcome = isCached ? readOf(cached.record, token) : apply(call, id, token);
      if (outcome.status === 'ok' && call.kind === 'read' && nearCache && record !== undefined && !isCached) {
        caches.set(sidecar, { record: structuredClone(record), until: effect + random.int(0, 900) });
      }
      // A sidecar does not answer with a state from before its own changes.
      if (call.kind !== 'read') caches.delete(sidecar);
      if (outcome.status === 'ok') lastAccess = Math.max(lastAccess, effect);
      if (outcome.status === 'ok' && call.kind === 'regenerate') tokens.push(id);
      if (fate <= 9 && outcome.status === 'ok' && call.kind !== 'regenerate') {
        outcome = { status: 'failed', code: 'UNAVAILABLE', maybeApplied: call.kind !== 'read' };
      } else if (fate <= 12 && outcome.status === 'ok' && call.kind !== 'regenerate') {
        completed = invoked + 1000;
        outcome = { status: 'failed', code: 'DEADLINE_EXCEEDED', maybeApplied: true };
      }
    }
    if (number === 0) tokens.push(id);
    operations.push({
      ...{ id, process: 'p', sidecar, session, token, call, invoked, completed },
      deadline: invoked + 1000,
      outcome,
    });
    effect += isIdle ? random.int(20, random.chance(0.1) ? 900 : 300) : random.int(1, 45);
  }
  return operations;

  function apply(call: Call, id: string, token: string): Outcome {
    if (call.kind === 'create') {
      record = {
        token: id,
        version: 1,
        log: [id],
        count: 0,
        registers: {},
        merged: {},
        flash: [],
        csrf: `csrf-${id}`,
        isOver: false,
      };
      return { status: 'ok', version: 1, csrf: record.csrf };
    }
    if (record === undefined || record.isOver || record.token !== token) {
      if (call.kind === 'invalidate') return { status: 'ok' };
      return { status: 'failed', code: 'SESSION_NOT_FOUND', maybeApplied: false };
    }
    switch (call.kind) {
      case 'read':
        return readOf(record, token);
      case 'update': {
        if (call.ifVersion !== undefined && call.ifVersion !== record.version) {
          return { status: 'failed', code: 'VERSION_MISMATCH', maybeApplied: false };
        }
        const values = call.writes.map((write) => write_(record!, write, id));
        record.log.push(id);
        record.version += 1;
        return { status: 'ok', version: record.version, values };
      }
      case 'merge': {
        record.merged[call.sets] = id;
        const deleted = call.deletes !== undefined && call.deletes in record.merged;
        // oxlint-disable-next-line typescript/no-dynamic-delete
        if (call.deletes !== undefined) delete record.merged[call.deletes];
        record.version += 1;
        return { status: 'ok', version: record.version, deleted };
      }
      case 'regenerate':
        record.log.push(id);
        record.version += 1;
        record.token = id;
        record.csrf = `csrf-${id}`;
        return { status: 'ok', version: record.version, csrf: record.csrf };
      case 'invalidate':
        record.isOver = true;
        return { status: 'ok' };
      case 'pushFlash':
        record.flash.push(id);
        record.version += 1;
        return { status: 'ok' };
      case 'popFlash': {
        const messages = record.flash.splice(0);
        if (messages.length > 0) record.version += 1;
        return { status: 'ok', messages };
      }
      case 'peekFlash':
        return { status: 'ok', messages: [...record.flash] };
      case 'newCsrf':
        record.csrf = `csrf-${id}`;
        record.version += 1;
        return { status: 'ok', csrf: record.csrf };
      case 'getCsrf':
        return { status: 'ok', csrf: record.csrf };
      case 'acquire':
      case 'release':
      case 'list':
      case 'revoke':
      case 'revokeOlder':
        throw new Error('These histories have neither leases nor users.');
    }
  }
}

function readOf({ token, isOver, version, csrf, log, count, registers, merged }: Stored, asked: string): Outcome {
  if (isOver || token !== asked) return { status: 'failed', code: 'SESSION_NOT_FOUND', maybeApplied: false };
  const state: State = { log: [...log], count, registers: { ...registers }, merged: { ...merged } };
  return { status: 'ok', version, csrf, state };
}

function write_(record: Stored, write: Write, id: string): string | undefined {
  switch (write.kind) {
    case 'increment':
      record.count += write.by;
      return String(record.count);
    case 'set':
      record.registers[write.key] = id;
      return undefined;
    case 'setIfAbsent':
      return (record.registers[write.key] ??= id);
    case 'delete':
    case 'take': {
      const taken = record.registers[write.key];
      // oxlint-disable-next-line typescript/no-dynamic-delete
      delete record.registers[write.key];
      return write.kind === 'take' ? taken : undefined;
    }
    case 'flash':
      record.flash.push(id);
      return undefined;
    case 'locked':
      throw new Error('There are no leases in these histories.');
  }
}

function pickCall(random: Random, isIdle: boolean, version: number): Call {
  if (isIdle)
    return random.chance(0.6) ? { kind: 'read', through: 'api' } : { kind: 'update', through: 'api', writes: [] };
  const way = random.int(1, 100);
  if (way <= 40) return { kind: 'read', through: 'api' };
  if (way <= 72) {
    const key = (): Register => random.pick(['a', 'b', 'c'] as const);
    const write = (): Write =>
      random.pick([
        () => ({ kind: 'increment', by: random.int(1, 9) }) as const,
        () => ({ kind: random.pick(['set', 'setIfAbsent', 'delete', 'take'] as const), key: key() }),
        () => ({ kind: 'flash' }) as const,
      ])();
    const writes = atMostOneFlash(Array.from({ length: random.int(0, 3) }, write));
    return { kind: 'update', through: 'api', writes, ...(random.chance(0.2) && { ifVersion: version }) };
  }
  if (way <= 76) {
    const [sets, deletes] = random.shuffle(['m', 'n'] as const);
    return { kind: 'merge', through: 'session', sets: sets!, ...(random.chance(0.3) && { deletes: deletes! }) };
  }
  if (way <= 80) return { kind: 'pushFlash' };
  if (way <= 86) return { kind: 'popFlash' };
  if (way <= 91) return { kind: 'peekFlash' };
  if (way <= 94) return { kind: 'newCsrf' };
  if (way <= 97) return { kind: 'getCsrf' };
  return way <= 99 ? { kind: 'regenerate' } : random.chance(0.3) ? { kind: 'invalidate' } : { kind: 'getCsrf' };
}
