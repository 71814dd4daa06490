import type { SubjectSession } from '@session-sidecar/proto/session/v1/session';
import type { Invocation } from '../command';
import type { Exit } from '../exit-codes';
import { SidecarCalls } from '../sidecar-calls';
import { targetOf } from '../sidecar-target';

/** For each call. Ending waits for logins in flight, which take up to 30 seconds where a sidecar has died. */
const timeoutMs = { list: 10_000, invalidate: 60_000 };

const pageSize = 1000;

export function printSubject(invocation: Invocation): Promise<Exit> {
  return withCalls(invocation, async (calls, subject) => {
    const sessions = (await sessionsOf(calls, subject)).map(shownOf).sort(byLastAccess);
    const { output } = invocation;
    if (output.isJson) output.json({ subject, sessions });
    else if (sessions.length === 0) output.line('No sessions.');
    else {
      output.table(
        sessions.map(({ handle, created, accessed, expires, version, label }) => [
          ...[handle, created ?? '-', accessed ?? '-', expires ?? 'never', String(version), label ?? ''],
        ]),
        { head: ['HANDLE', 'CREATED', 'LAST RECORDED ACCESS', 'EXPIRES', 'VERSION', 'LABEL'], right: [4] },
      );
    }
    return 'ok';
  });
}

export function endSubject(invocation: Invocation): Promise<Exit> {
  return withCalls(invocation, async (calls, subject) => {
    const { options, output } = invocation;
    const handles = (options['handle'] as string[] | undefined) ?? [];
    const { endedCount: ended } = await calls.call(
      'invalidateSubjectSessions',
      { subject, handles },
      timeoutMs.invalidate,
    );
    if (output.isJson) output.json({ ended });
    else output.line(ended === 1 ? '1 session has ended.' : `${ended} sessions have ended.`);
    return 'ok';
  });
}

async function withCalls(
  invocation: Invocation,
  body: (calls: SidecarCalls, subject: string) => Promise<Exit>,
): Promise<Exit> {
  const calls = new SidecarCalls(targetOf(invocation));
  try {
    return await body(calls, invocation.args[0]!);
  } catch (error) {
    throw calls.explain(error);
  } finally {
    calls.close();
  }
}

async function sessionsOf(calls: SidecarCalls, subject: string): Promise<SubjectSession[]> {
  const all: SubjectSession[] = [];
  let pageToken = '';
  do {
    const page = await calls.call('listSubjectSessions', { subject, pageSize, pageToken }, timeoutMs.list);
    all.push(...page.sessions);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return all;
}

interface ShownSession {
  readonly handle: string;
  readonly created: string | null;
  readonly accessed: string | null;
  /** `null`: it never expires. */
  readonly expires: string | null;
  readonly version: number;
  readonly label: string | null;
}

function shownOf({ handle, created, accessed, expires, version, label }: SubjectSession): ShownSession {
  return {
    handle,
    created: created?.toISOString() ?? null,
    accessed: accessed?.toISOString() ?? null,
    expires: expires?.toISOString() ?? null,
    version,
    label: label ?? null,
  };
}

function byLastAccess(one: ShownSession, other: ShownSession): number {
  return (other.accessed ?? '').localeCompare(one.accessed ?? '');
}
