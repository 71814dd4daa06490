import type { Session } from '@session-sidecar/proto/session/v1/session';
import { CliError } from '../cli-error';
import type { Invocation } from '../command';
import type { Exit } from '../exit-codes';
import { CallError, SidecarCalls } from '../sidecar-calls';
import { targetOf } from '../sidecar-target';
import { bytesText, durationText } from '../units';
import { readToken } from './token-input';

const timeoutMs = 5_000;

export function printSession(invocation: Invocation): Promise<Exit> {
  return withToken(invocation, async (calls, token) => {
    const { session } = await calls.call('getSession', { token }, timeoutMs);
    const shown = shownOf(session!, invocation.options['data'] === true);
    if (invocation.output.isJson) invocation.output.json(shown);
    else print(shown, invocation, textsOf(session!));
    return 'ok';
  });
}

export function endSession(invocation: Invocation): Promise<Exit> {
  return withToken(invocation, async (calls, token) => {
    await calls.call('invalidateSession', { token }, timeoutMs);
    if (invocation.output.isJson) invocation.output.json({ ended: true });
    else invocation.output.line('The session has ended.');
    return 'ok';
  });
}

async function withToken(
  invocation: Invocation,
  body: (calls: SidecarCalls, token: string) => Promise<Exit>,
): Promise<Exit> {
  const target = targetOf(invocation);
  const token = await readToken(invocation);
  const calls = new SidecarCalls(target);
  try {
    return await body(calls, token);
  } catch (error) {
    throw explain(error, calls);
  } finally {
    calls.close();
  }
}

function explain(error: unknown, calls: SidecarCalls): unknown {
  const reason = error instanceof CallError ? error.reason : undefined;
  if (reason === 'SESSION_NOT_FOUND') {
    return new CliError('failed', 'The session has ended, or its token was replaced.');
  }
  if (reason === 'TOKEN_INVALID') {
    return new CliError(
      'failed',
      'This deployment did not issue the token: it is damaged, or signed with a key that is no longer listed.',
    );
  }
  return calls.explain(error);
}

interface ShownSession {
  readonly handle: string;
  readonly created: string | null;
  readonly accessed: string | null;
  /** `null`: it never expires. */
  readonly expires: string | null;
  readonly idleTimeoutSeconds: number | null;
  readonly version: number;
  readonly subject: string | null;
  readonly label: string | null;
  readonly keys: readonly { readonly key: string; readonly bytes: number; readonly value?: unknown }[];
  readonly flashQueues: readonly { readonly queue: string; readonly messages: number }[];
}

function shownOf(session: Session, withData: boolean): ShownSession {
  const { handle, created, accessed, expires, idleTimeout, version, subject, label, data, flashQueues } = session;
  return {
    handle,
    created: created?.toISOString() ?? null,
    accessed: accessed?.toISOString() ?? null,
    expires: expires?.toISOString() ?? null,
    idleTimeoutSeconds: idleTimeout === undefined ? null : idleTimeout.seconds + idleTimeout.nanos / 1e9,
    version,
    subject: subject ?? null,
    label: label ?? null,
    keys: [...data].map(([key, value]) => ({
      key,
      bytes: value.length,
      ...(withData && { value: parsed(Buffer.from(value).toString()) }),
    })),
    flashQueues: flashQueues.map(({ name, messageCount }) => ({ queue: name, messages: messageCount })),
  };
}

/** What another codec than JSON has written is shown as the text that it is. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The values as they are stored. Control characters could change what a terminal shows. */
function textsOf({ data }: Session): ReadonlyMap<string, string> {
  const printable = (text: string): string => text.replaceAll(/\p{Cc}/gu, '\u{fffd}');
  return new Map([...data].map(([key, value]) => [key, printable(Buffer.from(value).toString())]));
}

function print(session: ShownSession, { options, output }: Invocation, texts: ReadonlyMap<string, string>): void {
  const { handle, created, accessed, expires, idleTimeoutSeconds, version, subject, label, keys, flashQueues } =
    session;
  output.table([
    ['Handle', handle],
    ['Created', created ?? '-'],
    ['Last recorded access', accessed ?? '-'],
    ['Expires', expires ?? 'never'],
    ['Idle timeout', idleTimeoutSeconds === null ? 'none' : durationText(idleTimeoutSeconds)],
    ['Version', String(version)],
    ['Subject', subject ?? 'none'],
    ['Label', label ?? 'none'],
  ]);
  output.line();
  const withData = options['data'] === true;
  output.table(
    keys.map(({ key, bytes }) => [key, bytesText(bytes), ...(withData ? [texts.get(key) ?? ''] : [])]),
    { head: ['KEY', 'SIZE', ...(withData ? ['VALUE'] : [])], right: [1] },
  );
  if (keys.length === 0) output.line('No keys.');
  if (flashQueues.length === 0) return;
  output.line();
  output.table(
    flashQueues.map(({ queue, messages }) => [queue === '' ? '(default)' : queue, String(messages)]),
    { head: ['FLASH QUEUE', 'MESSAGES'], right: [1] },
  );
}
