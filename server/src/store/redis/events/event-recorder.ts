import { Redis } from 'ioredis';
import { SessionError, storeUnavailable } from '../../../session/errors';
import type { SessionEvent, SessionEventReason, SessionEventType } from '../../../session/events/session-event';
import type { SessionMetadata } from '../../../session/session';
import type { SessionUpdate } from '../../../session/session-update';
import { knownAttributes } from '../../attributes';
import { ReportedUses } from '../../reported-uses';
import { decodeFront } from '../record-codec';
import { Replication } from '../replication';
import type { ReplicationOptions } from '../replication';
import { eventPrefix, parseEvent } from './event-codec';
import { partitionOf } from './event-keys';
import type { EventKeys } from './event-keys';
import { wholeRecord } from './event-scripts';
import type { EventScripts } from './event-scripts';
import type { Presence } from './presence';

export interface EventRecorderOptions {
  readonly scripts: EventScripts;
  readonly keys: EventKeys;
  readonly presence: Presence;
  readonly retentionMs: number;
  readonly replication: ReplicationOptions | undefined;
  readonly onRecorded: (event: SessionEvent) => void;
}

/** What becomes of a session; `use`: nothing. */
interface Change {
  readonly kind: 'begin' | 'change' | 'end' | 'use';
  /** When it ends; `undefined`: never; absent: as before. */
  readonly expires?: number | undefined;
  readonly created?: number;
  /** The empty text: none. Absent: as before. */
  readonly subject?: string | undefined;
  /** `undefined`: none, the log only keeps track of the session. */
  readonly event: Pick<SessionEvent, 'type' | 'reason' | 'version'> | undefined;
}

/** Whether an update concerns the log: it is an event, or changes who the session belongs to or when it ends. */
export function concernsEvents({ secretHash, subject, idleTimeout }: SessionUpdate): boolean {
  return secretHash !== undefined || subject !== undefined || idleTimeout !== undefined;
}

/**
 * Records the changes that this sidecar has made, before they are acknowledged. If that fails, so does the call: a change without an
 * event may have been made, and was not acknowledged.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #replication: Replication | undefined;
  readonly #uses = new ReportedUses();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#replication = options.replication && new Replication(options.replication);
  }

  async created(handle: string, { version, created, expires }: SessionMetadata, subject = ''): Promise<void> {
    const log = await this.#options.presence.current();
    if (log === undefined) return;
    const event = { type: 'created', reason: 'call', version } as const;
    await this.#record(log, handle, { kind: 'begin', expires, created, subject, event });
  }

  /** Only for updates that concern the log. @param subject of a session that got a new token */
  async updated(handle: string, session: SessionMetadata, update: SessionUpdate, subject: string): Promise<void> {
    const log = await this.#options.presence.current();
    if (log === undefined) return;
    const { version, created, expires } = session;
    if (update.secretHash !== undefined) {
      const event = { type: 'regenerated', reason: 'call', version } as const;
      await this.#record(log, handle, { kind: 'change', expires, created, subject, event });
    } else {
      await this.#record(log, handle, { kind: 'change', expires, created, subject: update.subject, event: undefined });
    }
  }

  /** @param session as it was before; a record that could not be read has no version, and its subject is unknown */
  async ended(
    type: SessionEventType,
    reason: SessionEventReason,
    handle: string,
    { version, subject }: { readonly version: number | undefined; readonly subject: string },
  ): Promise<void> {
    const log = await this.#options.presence.current();
    if (log === undefined) return;
    const event = { type, reason, version };
    await this.#record(log, handle, { kind: 'end', subject: version === undefined ? undefined : subject, event });
  }

  /** A replaced token was used after its grace. Never rejects: the call has changed nothing, so it does not depend on its event. */
  async replacedTokenUsed(handle: string): Promise<void> {
    const { scripts, keys, presence } = this.#options;
    try {
      const log = await presence.current();
      if (log === undefined || !this.#uses.isDue(handle)) return;
      const record = await scripts.recordOf(keys.session(handle), wholeRecord);
      const front = record && decodeFront(record);
      if (front === undefined) return;
      const { subject = '' } = knownAttributes(front.attributes);
      const event = { type: 'replaced_token_used', reason: 'call', version: front.header.version } as const;
      await this.#record(log, handle, { kind: 'use', subject, event });
    } catch {
      this.#uses.forget(handle);
    }
  }

  async #record(log: string, handle: string, { kind, created, subject, event, ...change }: Change): Promise<void> {
    const { scripts, keys, retentionMs, onRecorded } = this.#options;
    const all = keys.partition(log, partitionOf(handle));
    const expires = 'expires' in change ? String(change.expires ?? '-') : '';
    const text = event === undefined ? '' : eventPrefix(event);
    const args = [retentionMs, handle, kind, expires, created ?? '', subject === undefined ? '' : `=${subject}`, text];
    const client = scripts.connection.serverOf(all[0])?.client;
    const sent = client instanceof Redis ? this.#replication?.sending(client) : undefined;
    try {
      const [id, known] = (await scripts.run('record', all, args)) as [string, string];
      if (sent !== undefined) await this.#replication?.confirm(sent);
      const recorded = event && parseEvent(id, `${text} ${handle} ${known}`);
      if (recorded !== undefined) onRecorded(recorded);
    } catch (error) {
      // The session was changed, whatever became of the event.
      throw error instanceof SessionError ? storeUnavailable(true, error) : error;
    }
  }
}
