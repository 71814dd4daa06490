import type { EventLog } from '../../../session/events/event-log';
import type { SessionEventObserver } from '../../../session/events/session-event';
import type { ExpiryPolicy } from '../../../session/session';
import type { RedisConnection } from '../connection/redis-connection';
import type { ReplicationOptions } from '../replication';
import { EventKeys } from './event-keys';
import { EventRecorder } from './event-recorder';
import { EventScripts } from './event-scripts';
import { ExpiryPoller } from './expiry-poller';
import { Presence } from './presence';
import { RedisEventLog } from './redis-event-log';
import { SessionSearch } from './session-search';

export interface RedisEventsOptions {
  readonly connection: RedisConnection;
  readonly keyPrefix: string;
  /** How long events are kept, and recorded after nothing asks for it any more, in ms. */
  readonly retentionMs: number;
  readonly expiry: ExpiryPolicy;
  readonly replication: ReplicationOptions | undefined;
  readonly observer: SessionEventObserver;
}

/** How often ended sessions are looked for, in ms. */
const upkeepMs = 1000;

/** Everything about events in Redis. */
export class RedisEvents {
  readonly log: EventLog;
  readonly recorder: EventRecorder;
  readonly #presence: Presence;
  readonly #poller: ExpiryPoller;
  readonly #search: SessionSearch;
  readonly #timer: NodeJS.Timeout;
  #isPolling = false;

  constructor({ connection, keyPrefix, observer, ...options }: RedisEventsOptions) {
    const scripts = new EventScripts(connection);
    const keys = new EventKeys(keyPrefix);
    const onRecording = (isRecording: boolean): void => observer.setRecording(isRecording);
    const presence = new Presence({ scripts, keys, retentionMs: options.retentionMs, onRecording });
    const parts = { ...options, scripts, keys, presence, onRecorded: observer.eventRecorded.bind(observer) };
    this.#presence = presence;
    this.recorder = new EventRecorder(parts);
    this.log = new RedisEventLog(parts);
    this.#poller = new ExpiryPoller(parts);
    this.#search = new SessionSearch(parts);
    this.#timer = setInterval(() => void this.#upkeep(), upkeepMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#presence.close();
  }

  /** By one sidecar at a time. If two believe that they keep the log, each event is still recorded once. */
  async #upkeep(): Promise<void> {
    const { log, isKeeper, isSettled } = this.#presence;
    if (log === undefined || !isKeeper || !isSettled) return;
    void this.#search.run(log);
    if (this.#isPolling) return;
    this.#isPolling = true;
    await this.#poller.poll(log);
    this.#isPolling = false;
  }
}
