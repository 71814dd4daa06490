import type { CallOptions } from '@session-sidecar/client';
import type { Mutation, MutationResult } from '@session-sidecar/proto/session/v1/session';
import type { LoadedSession } from '../../../client/src/transport/own-reply';
import { mutation } from '../../support/raw-grpc';
import { now } from '../clock';
import type { Call, Register, State, Success, Update, Write } from '../history';
import type { Connection } from './connection';

export interface Performed extends Success {
  /** The new token, if the call made one. */
  readonly token?: string;
  readonly handle?: string;
  /** The lease that was acquired. */
  readonly held?: Held;
}

export interface Held {
  readonly fence: number;
  /** The list as it was when the lease began. */
  readonly locked: readonly string[];
}

/** A typed session could not be used, although no call of the client failed. Nothing was changed. */
export class NotPerformed extends Error {
  override readonly name = 'NotPerformed';

  constructor(readonly code: string) {
    super(code);
  }
}

export interface Performance {
  readonly id: string;
  readonly call: Call;
  readonly token: string;
  readonly idleTimeoutMs: number | undefined;
  readonly held: Held | undefined;
  readonly exceptToken: string | undefined;
  readonly options: CallOptions;
}

const registers = ['a', 'b', 'c'] as const;
const noExpiry = { idleExpiry: undefined, subject: undefined };

/** Makes one call and returns what it showed. Rejects as the client does, or with {@link NotPerformed}. */
export async function perform(connection: Connection, { id, call, token, ...rest }: Performance): Promise<Performed> {
  const { options } = rest;
  switch (call.kind) {
    case 'create': {
      const idle = rest.idleTimeoutMs;
      const response = await connection.call(
        'createSession',
        {
          mutations: [appendTo('log', id)],
          idleExpiry: idle === undefined ? undefined : { $case: 'idleTimeout', value: durationOf(idle) },
          subject: call.subject,
        },
        options,
      );
      const { handle, version, csrfToken } = response.session!;
      return { status: 'ok', token: response.token, handle, version: version, csrf: csrfToken };
    }
    case 'read': {
      if (call.through === 'session') return readSession(connection, token, options);
      const { session } = await connection.call('getSession', { token }, options);
      return { status: 'ok', version: session!.version, csrf: session!.csrfToken, state: stateOf(session!) };
    }
    case 'update': {
      if (call.through === 'session') {
        const { onConflict } = call;
        return onConflict === undefined
          ? transform(connection, id, token, options)
          : saveOrFail(connection, id, token, options);
      }
      if (call.through === 'lock') return updateLocked(connection, { id, call, token, options });
      const { held } = rest;
      const mutations = [...call.writes.map((write) => mutationOf(write, id, held)), appendTo('log', id)];
      const request = { token, mutations, ifVersion: call.ifVersion, fence: held?.fence, ...noExpiry };
      const { version, results } = await connection.call('updateSession', request, options);
      return { status: 'ok', version, values: call.writes.map((write, index) => valueOf(write, results[index])) };
    }
    case 'acquire':
      return acquire(connection, { id, token, call, options });
    case 'release':
      await connection.call('releaseLease', { token, fence: rest.held?.fence ?? 0 }, options);
      return { status: 'ok' };
    case 'list':
      return { status: 'ok', listed: await listAll(connection, call.subject, options) };
    case 'revoke': {
      const request = { subject: call.subject, exceptToken: rest.exceptToken, handles: [] };
      await connection.call('invalidateSubjectSessions', request, options);
      return { status: 'ok' };
    }
    case 'regenerate': {
      const grace = call.graceMs === undefined ? undefined : durationOf(call.graceMs);
      const request = { token, mutations: [appendTo('log', id)], subject: call.subject, grace };
      const response = await connection.call('regenerateSession', request, options);
      return { status: 'ok', token: response.token, version: response.version, csrf: response.csrfToken };
    }
    case 'invalidate':
      await connection.call('invalidateSession', { token }, options);
      return { status: 'ok' };
    case 'pushFlash':
      await connection.call('pushFlash', { token, queue: '', message: json(id), unlessPresent: false }, options);
      return { status: 'ok' };
    case 'popFlash':
    case 'peekFlash': {
      const { messages } = await connection.call(call.kind, { token, queue: '' }, options);
      return { status: 'ok', messages: messages.map((message) => parse(message) as string) };
    }
    case 'newCsrf':
      return { status: 'ok', csrf: (await connection.call('newCsrfToken', { token }, options)).csrfToken };
    case 'getCsrf':
      return { status: 'ok', csrf: (await connection.call('getCsrfToken', { token }, options)).csrfToken };
  }
}

async function open(connection: Connection, token: string, options: CallOptions) {
  const session = await connection.sessions.open(token, options);
  if (session.origin === 'not_found') throw new NotPerformed('SESSION_NOT_FOUND');
  if (session.origin === 'token_invalid') throw new NotPerformed('TOKEN_INVALID');
  return session;
}

async function readSession(connection: Connection, token: string, options: CallOptions): Promise<Performed> {
  const session = await open(connection, token, options);
  const state = {
    log: session.get('log', []),
    count: session.get('count', 0),
    registers: pickRegisters((key) => session.get(key)),
    locked: session.get('locked', []),
  };
  return { status: 'ok', version: session.version, state, csrf: await session.csrfToken() };
}

async function transform(connection: Connection, id: string, token: string, options: CallOptions): Promise<Performed> {
  const { timeoutMs = 1000 } = options;
  const began = now();
  const session = await open(connection, token, options);
  // Both calls share one deadline.
  const left = timeoutMs - (now() - began);
  if (left <= 0) throw new NotPerformed('DEADLINE_EXCEEDED');
  await session.transform('log', (log) => [...(log ?? []), id], { ...options, timeoutMs: left });
  return { status: 'ok', version: session.version };
}

/** Writes the log as a whole, so that only the refusal of a conflict keeps the changes of others. */
async function saveOrFail(connection: Connection, id: string, token: string, options: CallOptions): Promise<Performed> {
  const { timeoutMs = 1000 } = options;
  const began = now();
  const session = await open(connection, token, options);
  const left = timeoutMs - (now() - began);
  if (left <= 0) throw new NotPerformed('DEADLINE_EXCEEDED');
  session.set('log', [...session.get('log', []), id]);
  await session.save({ ...options, timeoutMs: left, onConflict: 'fail' });
  return { status: 'ok', version: session.version };
}

async function acquire(
  connection: Connection,
  {
    id,
    token,
    call,
    options,
  }: Pick<Performance, 'id' | 'token' | 'options'> & { readonly call: { readonly leaseMs: number } },
): Promise<Performed> {
  const request = { token, duration: durationOf(call.leaseMs), holder: id };
  const { fence, session } = await connection.call('acquireLease', request, options);
  return { status: 'ok', fence, held: { fence, locked: stateOf(session!).locked ?? [] } };
}

/** Four calls at most, besides waiting, which together take no longer than the operation may. */
async function updateLocked(
  connection: Connection,
  { id, token, call, options }: Pick<Performance, 'id' | 'token' | 'options'> & { readonly call: Update },
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

async function listAll(connection: Connection, subject: string, options: CallOptions): Promise<string[]> {
  const { timeoutMs = 1000 } = options;
  const until = now() + timeoutMs;
  const handles: string[] = [];
  let pageToken = '';
  do {
    const request = { subject, pageSize: 3, pageToken, currentToken: undefined, includeData: false };
    const left = until - now();
    if (left <= 0) throw new NotPerformed('DEADLINE_EXCEEDED');
    const { sessions, nextPageToken } = await connection.call('listSubjectSessions', request, {
      ...options,
      timeoutMs: left,
    });
    handles.push(...sessions.map(({ handle }) => handle));
    pageToken = nextPageToken;
  } while (pageToken !== '');
  return handles;
}

function mutationOf(write: Write, id: string, held?: Held): Mutation {
  switch (write.kind) {
    case 'increment':
      return mutation.increment('count', write.by);
    case 'set':
    case 'setIfAbsent':
      return mutation[write.kind](write.key, JSON.stringify(id));
    case 'delete':
    case 'take':
      return mutation[write.kind](write.key);
    case 'flash':
      return mutation.pushFlash('', JSON.stringify(id));
    case 'locked':
      return mutation.set('locked', JSON.stringify([...(held?.locked ?? []), id]));
  }
}

function valueOf({ kind }: Write, result: MutationResult | undefined): string | undefined {
  const gives = kind === 'increment' || kind === 'take' || kind === 'setIfAbsent';
  return gives && result?.value !== undefined ? String(parse(result.value)) : undefined;
}

function stateOf({ data }: LoadedSession): State {
  const valueAt = (key: string): unknown => {
    const value = data.get(key);
    return value && parse(value.bytes);
  };
  return {
    log: (valueAt('log') as string[] | undefined) ?? [],
    count: (valueAt('count') as number | undefined) ?? 0,
    registers: pickRegisters((key) => valueAt(key) as string | undefined),
    locked: (valueAt('locked') as string[] | undefined) ?? [],
  };
}

function pickRegisters(valueAt: (key: Register) => string | undefined): State['registers'] {
  return Object.fromEntries(
    registers.flatMap((key) => {
      const value = valueAt(key);
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

function appendTo(key: string, id: string): Mutation {
  return mutation.append(key, JSON.stringify(id));
}

function json(value: string): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function parse(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString());
}

function durationOf(ms: number): { seconds: number; nanos: number } {
  return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 };
}
