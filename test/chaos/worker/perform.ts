import type { CallOptions } from '@session-sidecar/client';
import type { RevokeSessionsRequest } from '@session-sidecar/proto/session/admin/v1/admin_service';
import { now } from '../clock';
import type { Connection } from './connection';
import { NotPerformed } from './performed';
import type { Performance, Performed } from './performed';
import { readSession, saveMerging, saveOrFail, transform, updateLocked } from './typed-calls';
import { appendTo, durationOf, json, mutationOf, noExpiry, parse, stateOf, valueOf } from './values';

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
        const how = call.onConflict === undefined ? transform : saveOrFail;
        return how(connection, { id, token, options });
      }
      if (call.through === 'lock') return updateLocked(connection, { id, token, options }, call);
      const { held } = rest;
      const mutations = [...call.writes.map((write) => mutationOf(write, id, held)), appendTo('log', id)];
      const terms = { ...noExpiry, ifVersion: call.ifVersion, fence: held?.fence, subject: call.subject };
      const request = { token, mutations, ...terms };
      const { version, results } = await connection.call('updateSession', request, options);
      return { status: 'ok', version, values: call.writes.map((write, index) => valueOf(write, results[index])) };
    }
    case 'merge':
      return saveMerging(connection, { id, token, options }, call);
    case 'acquire':
      return acquire(connection, { id, token, call, options });
    case 'release':
      await connection.call('releaseLease', { token, fence: rest.held?.fence ?? 0 }, options);
      return { status: 'ok' };
    case 'list':
      return { status: 'ok', listed: await listAll(connection, call.subject, options) };
    case 'revoke': {
      if (call.by === 'operator') return revokeAsOperator(connection, { subject: call.subject }, options);
      const request = { subject: call.subject, exceptToken: rest.exceptToken, handles: [] };
      await connection.call('invalidateSubjectSessions', request, options);
      return { status: 'ok' };
    }
    case 'revokeOlder': {
      const createdBefore = new Date(Date.now() - call.olderThanMs);
      return revokeAsOperator(connection, { createdBefore }, options);
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

/** Ends with success only if the last response says that it is done. */
async function revokeAsOperator(
  { admin }: Connection,
  request: Partial<RevokeSessionsRequest>,
  { timeoutMs = 1000 }: CallOptions,
): Promise<Performed> {
  if (admin === undefined) throw new NotPerformed('UNAVAILABLE');
  const last = await admin.last('revokeSessions', request, timeoutMs);
  if (!last.done) throw new Error('The last response does not say that it is done.');
  return { status: 'ok' };
}
