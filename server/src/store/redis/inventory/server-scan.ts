import { setImmediate as nextTurn } from 'node:timers/promises';
import { FifoMap } from '../../../fifo-map';
import { storeUnavailable } from '../../../session/errors';
import type { ScanStep } from '../../../session/admin/session-inventory';
import type { Server } from '../connection/redis-connection';
import { codeOf, toStoreError } from '../redis-errors';

/** Keys that Redis looks at in one step: less than a millisecond of its time. */
const keysPerStep = 500;

/** Redis may return a key twice if its table shrinks, but only soon after the first time. */
const maxRemembered = 10_000;

export interface ScanKeys {
  /** A pattern of SCAN for the keys of sessions, and others. */
  readonly pattern: string;
  /** @returns `undefined` if the key is not that of a session */
  handleOf(key: string): string | undefined;
}

/**
 * Finds the sessions of one server. A cursor is worth nothing on another server, or on the same one after it was a replica, so the scan
 * ends with an error if the connection has led elsewhere.
 */
export async function* scanServer(server: Server, keys: ScanKeys): AsyncGenerator<ScanStep, void> {
  const { client, generation } = server;
  const seen = new FifoMap<string, true>(maxRemembered);
  const total = await answered(client.dbsize());
  let cursor = '0';
  let examined = 0;
  do {
    const [next, found] = await answered(
      client.scan(cursor, 'MATCH', keys.pattern, 'COUNT', keysPerStep, 'TYPE', 'string'),
    );
    if (server.generation !== generation) throw storeUnavailable(false);
    examined += keysPerStep;
    cursor = next;
    const handles: string[] = [];
    for (const key of found) {
      const handle = keys.handleOf(key);
      if (handle === undefined || seen.get(handle) === true) continue;
      seen.set(handle, true);
      handles.push(handle);
    }
    yield { handles, progress: Math.min(1, examined / Math.max(1, total)) };
    // Calls of applications that have arrived meanwhile go first.
    await nextTurn();
  } while (cursor !== '0');
}

export async function answered<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    // A mistake of the operator, which another attempt does not change, and which belongs into the log.
    if (codeOf(error) === 'NOPERM') throw error;
    throw toStoreError(error, { isChange: false });
  }
}
