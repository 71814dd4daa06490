import type { CallOptions, ISession } from '@session-sidecar/client';
import { now } from '../clock';
import type { Merge, Update } from '../history';
import type { Connection, Data } from './connection';
import { NotPerformed } from './performed';
import type { Performance, Performed } from './performed';
import { appendTo, mutationOf, noExpiry, pickMerged, pickRegisters } from './values';

/* Calls by way of the client's typed sessions. */

type Asked = Pick<Performance, 'id' | 'token' | 'options'>;

async function open(connection: Connection, token: string, options: CallOptions) {
  const session = await connection.sessions.open(token, options);
  if (session.origin === 'not_found') throw new NotPerformed('SESSION_NOT_FOUND');
  if (session.origin === 'token_invalid') throw new NotPerformed('TOKEN_INVALID');
  return session;
}

export async function readSession(connection: Connection, token: string, options: CallOptions): Promise<Performed> {
  const session = await open(connection, token, options);
  const state = {
    log: session.get('log', []),
    count: session.get('count', 0),
    registers: pickRegisters((key) => session.get(key)),
    locked: session.get('locked', []),
    merged: pickMerged((key) => session.get(key)),
  };
  return { status: 'ok', version: session.version, state, csrf: await session.csrfToken() };
}

/** Opens a session and saves it. @param change what is done to it and how it is saved, by the same deadline */
async function openAndSave(
  connection: Connection,
  token: string,
  options: CallOptions,
  change: (session: ISession<Data>, options: CallOptions) => Promise<Pick<Performed, 'deleted'>>,
): Promise<Performed> {
  const { timeoutMs = 1000 } = options;
  const began = now();
  const session = await open(connection, token, options);
  const left = timeoutMs - (now() - began);
  if (left <= 0) throw new NotPerformed('DEADLINE_EXCEEDED');
  const result = await change(session, { ...options, timeoutMs: left });
  return { status: 'ok', version: session.version, ...result };
}

export function transform(connection: Connection, { id, token, options }: Asked): Promise<Performed> {
  return openAndSave(connection, token, options, async (session, rest) => {
    await session.transform('log', (log) => [...(log ?? []), id], rest);
    return {};
  });
}

/** Writes the log as a whole, so that only the refusal of a conflict keeps the changes of others. */
export function saveOrFail(connection: Connection, { id, token, options }: Asked): Promise<Performed> {
  return openAndSave(connection, token, options, async (session, rest) => {
    session.set('log', [...session.get('log', []), id]);
    await session.save({ ...rest, onConflict: 'fail' });
    return {};
  });
}

/** Writes nothing else, so that nothing but that may change. */
export function saveMerging(
  connection: Connection,
  { id, token, options }: Asked,
  { sets, deletes }: Merge,
): Promise<Performed> {
  return openAndSave(connection, token, options, async (session, rest) => {
    session.set(sets, id);
    const deleted = deletes !== undefined && session.delete(deletes);
    await session.save({ ...rest, onConflict: 'merge' });
    return { deleted };
  });
}

/** Four calls at most, besides waiting, which together take no longer than the operation may. */
export async function updateLocked(
  connection: Connection,
  { id, token, options }: Asked,
  call: Update,
): Promise<Performed> {
  const { timeoutMs = 1000, signal } = options;
  const each = { timeoutMs: timeoutMs / 5, ...(signal && { signal }) };
  let version: number | undefined;
  await connection.sessions.withLock(
    token,
    async (session) => {
      const held = { fence: session.fence ?? 0, locked: session.get('locked', []) };
      const mutations = [...call.writes.map((write) => mutationOf(write, id, held)), appendTo('log', id)];
      const request = { token, mutations, ifVersion: undefined, fence: held.fence, ...noExpiry };
      ({ version } = await connection.call('updateSession', request, each));
    },
    { ...each, lease: call.leaseMs, wait: timeoutMs / 5 },
  );
  return { status: 'ok', version };
}
