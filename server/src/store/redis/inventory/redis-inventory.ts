import { storeUnavailable } from '../../../session/errors';
import { revocationReason } from '../../../session/admin/session-inventory';
import type {
  InspectedSession,
  RevocationConditions,
  RevocationOutcome,
  RevokeOptions,
  ScanStep,
  SessionEstimate,
  SessionInventory,
} from '../../../session/admin/session-inventory';
import type { SessionEventReason } from '../../../session/events/session-event';
import { expiryOf } from '../../../session/session';
import type { ExpiryPolicy } from '../../../session/session';
import type { RedisConnection, Server } from '../connection/redis-connection';
import type { SessionCodec } from '../encryption/session-codec';
import { EventKeys } from '../events/event-keys';
import { decodeHeader, maxHeaderBytes } from '../record-codec';
import { number, text, utf8 } from '../scripts/script-codec';
import type { SessionScripts } from '../scripts/session-scripts';
import { SessionPeeker } from '../subjects/session-peeker';
import { estimateServer, sumOf } from './estimate';
import { answered, scanServer } from './server-scan';
import type { ScanKeys } from './server-scan';

export interface RedisInventoryOptions {
  readonly connection: RedisConnection;
  readonly scripts: SessionScripts;
  readonly codec: SessionCodec;
  readonly expiry: ExpiryPolicy;
  readonly keyPrefix: string;
  /** `false`: Redis does not remove sessions that have expired. */
  readonly expireKeys: boolean;
  /** A session was ended. If it rejects, so does the call. */
  readonly onRevoked: (handle: string, reason: SessionEventReason, session: RevokedSession) => Promise<void>;
}

/** A session as it was before. */
export interface RevokedSession {
  readonly version: number;
  /** Empty: none. */
  readonly subject: string;
}

/** All sessions in Redis: on one server, or on each master of a Cluster, one after the other. */
export class RedisInventory implements SessionInventory {
  readonly #options: RedisInventoryOptions;
  readonly #peeker: SessionPeeker;
  readonly #keys: ScanKeys;

  constructor(options: RedisInventoryOptions) {
    this.#options = options;
    this.#peeker = new SessionPeeker(options);
    this.#keys = new EventKeys(options.keyPrefix);
  }

  async estimate(): Promise<SessionEstimate> {
    return sumOf(await Promise.all(this.#servers().map((server) => estimateServer(server, this.#keys))));
  }

  async *scan(): AsyncGenerator<ScanStep, void> {
    const { connection, expireKeys } = this.#options;
    const layout = await connection.layout();
    const servers = this.#servers();
    for (const [index, server] of servers.entries()) {
      for await (const { handles, progress } of scanServer(server, this.#keys)) {
        const present = expireKeys ? handles : await this.#unexpired(server, handles);
        yield { handles: present, progress: (index + progress) / servers.length };
      }
    }
    // Sessions may have moved from a server that was not scanned yet to one that was.
    if ((await connection.layout()) !== layout) throw storeUnavailable(false);
  }

  async inspect(handle: string, withData: boolean): Promise<InspectedSession | 'not_found' | 'unreadable'> {
    const session = await this.#peeker.inspect(handle, { withData });
    return session === 'gone' ? 'not_found' : session;
  }

  async revoke(
    handle: string,
    conditions: RevocationConditions,
    { isDryRun, deadline }: RevokeOptions,
  ): Promise<RevocationOutcome> {
    const { scripts, onRevoked } = this.#options;
    const args = [...argumentsOf(conditions), isDryRun ? '1' : ''];
    const [status, version, subject] = await scripts.run('revoke', { handle, secretHash: '' }, args, deadline);
    switch (text(status)) {
      case 'deleted':
        await onRevoked(handle, revocationReason(conditions), { version: number(version), subject: utf8(subject) });
        return 'selected';
      case 'selected':
      case 'kept':
      case 'unknown_key':
      case 'not_found':
        return text(status) as RevocationOutcome;
      default:
        return 'unreadable';
    }
  }

  /** All of them, or none of the sessions would be found that are on the others. */
  #servers(): readonly Server[] {
    const { servers } = this.#options.connection;
    if (servers === undefined) throw storeUnavailable(false);
    return servers;
  }

  /** Without TTLs, the records of sessions that have expired remain. */
  async #unexpired({ clock }: Server, handles: readonly string[]): Promise<readonly string[]> {
    const { connection, keyPrefix, expiry } = this.#options;
    const headers = await answered(
      Promise.all(handles.map((handle) => connection.client.getrangeBuffer(keyPrefix + handle, 0, maxHeaderBytes - 1))),
    );
    const now = clock.lastBefore(performance.now());
    return handles.filter((_, index) => {
      const header = decodeHeader(headers[index]!);
      return header === undefined || (expiryOf(expiry, header) ?? Infinity) > now;
    });
  }
}

function argumentsOf(conditions: RevocationConditions): string[] {
  const { createdBefore, notAccessedSince, signingKey, includeUnknownKeys } = conditions;
  return [orEmpty(createdBefore), orEmpty(notAccessedSince), signingKey ?? '', includeUnknownKeys ? '1' : ''];
}

function orEmpty(time: number | undefined): string {
  return time === undefined ? '' : String(time);
}
