import { setTimeout as sleep } from 'node:timers/promises';
import { SessionError } from '../errors/session-error';
import { Backoff } from '../transport/backoff';
import { startCall } from '../transport/call-options';
import type { Transport } from '../transport/transport';
import { watchStream } from '../transport/watch-stream';
import type { WatchTransport } from '../transport/watch-stream';
import { Acknowledger } from './acknowledger';
import { toSessionEvent } from './session-event';
import type { SessionEvent } from './session-event';

export interface WatchOptions {
  /** Reports only sessions of this subject. Default: all sessions. */
  readonly subject?: string | undefined;
  /**
   * Shares the events with other watchers of the same name: each event is reported to one of them. One is active, another goes on
   * when it is gone. An event counts as processed when the next one is requested; what was not is reported again. 1 to 64 letters,
   * digits and `._-`. Default: this watcher gets every event.
   */
  readonly group?: string | undefined;
  /** The cursor of the last event that was processed. Default: with a group, goes on where the group was; otherwise begins now. */
  readonly after?: string | undefined;
  /** Ends watching: the iterator rejects with CANCELLED. */
  readonly signal?: AbortSignal | undefined;
  /** Called when watching has begun: what happens from then on is reported. */
  readonly onReady?: (() => void) | undefined;
}

const backoffMs = { first: 50, max: 1000, maxRequested: 5000 } as const;

/** What a new attempt may change. */
const temporary: ReadonlySet<string> = new Set(['UNAVAILABLE', 'STORE_UNAVAILABLE', 'DRAINING', 'OVERLOADED']);

/** Watches until the consumer stops, over as many streams as it takes. */
export async function* watchSessions(
  parts: WatchTransport & { readonly transport: Transport; readonly timeoutMs: number },
  { subject, group, after, signal, onReady }: WatchOptions,
): AsyncGenerator<SessionEvent, void> {
  const { transport, timeoutMs, apiToken } = parts;
  const acknowledger =
    group === undefined
      ? undefined
      : new Acknowledger((cursor) =>
          transport.call('acknowledgeSessionEvents', { group, cursor }, startCall(undefined, timeoutMs)),
        );
  const backoff = new Backoff(backoffMs);
  let cursor = after;
  let isReady = false;
  let hasNewToken = false;
  try {
    for (;;) {
      try {
        for await (const response of watchStream(parts, { subject, group, after: cursor }, signal)) {
          backoff.reset();
          hasNewToken = false;
          if (!isReady) onReady?.();
          isReady = true;
          const event = toSessionEvent(response);
          if (event !== undefined) yield event;
          cursor = response.cursor;
          acknowledger?.processed(cursor);
        }
      } catch (error) {
        if (!SessionError.is(error)) throw error;
        if (error.code === 'API_TOKEN_INVALID' && apiToken?.canChange && !hasNewToken) {
          apiToken.reload();
          hasNewToken = true;
        } else {
          if (!temporary.has(error.code)) throw error;
          await sleep(backoff.next(error.retryAfterMs), undefined, { signal: signal ?? parts.closed }).catch(() => {});
        }
      }
    }
  } finally {
    await acknowledger?.close();
  }
}
