import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import { SessionError, storeUnavailable } from '../../../session/errors';
import type { EventKeys } from './event-keys';
import type { EventScripts } from './event-scripts';

/** How often each sidecar reads whether events are recorded, in ms. */
const intervalMs = 500;
/** For how long an answer counts, in ms: until a sidecar has asked twice more. A watcher that begins waits for as long. */
const settleMs = 3 * intervalMs;
/** For how long a sidecar that is gone remains the one that keeps the log, in ms. */
const keeperMs = 3000;

export interface PresenceOptions {
  readonly scripts: EventScripts;
  readonly keys: EventKeys;
  /** How long events are kept, and recorded after nothing asks for it any more, in ms. */
  readonly retentionMs: number;
  readonly onRecording: (isRecording: boolean) => void;
}

interface Recording {
  readonly log: string;
  /** By Redis's clock, in ms since 1970. */
  readonly since: number;
}

/**
 * Whether any sidecar wants events recorded. A key says so, which those that do keep alive, and all read periodically: while there is
 * none, this read is all that events cost.
 */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #id = randomBytes(12).toString('hex');
  readonly #timer: NodeJS.Timeout;
  #interests = 0;
  #recording: Recording | undefined;
  #isKeeper = false;
  /** When Redis was last asked, by `performance.now()`. */
  #askedAt = -Infinity;
  /** When Redis was asked what it has answered last. */
  #knownAt = -Infinity;
  #checking: Promise<void> | undefined;
  /** Redis's clock minus the monotonic one, in ms. */
  #clockOffset: number | undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.check().catch(() => {}), intervalMs).unref();
  }

  /** The log that events are recorded in; `undefined`: they are not. */
  get log(): string | undefined {
    return this.#recording?.log;
  }

  /**
   * The log that a change is to be recorded in. Asks first in a new sidecar, and in one that was cut off: a watcher that begins waits
   * only for as long as an answer counts. Rejects if Redis does not answer. On a Cluster, changes go on without events then:
   * otherwise, all of them would depend on one server.
   */
  async current(): Promise<string | undefined> {
    const since = performance.now() - settleMs;
    if (this.#knownAt > since) return this.log;
    const isCluster = this.#options.scripts.connection.client instanceof Cluster;
    // A change that comes while another one asks waits for the same answer.
    if (isCluster && this.#checking === undefined && this.#askedAt > since) return this.log;
    try {
      await this.check();
    } catch (error) {
      // Redis has answered if it does not allow this.
      if (!isCluster && error instanceof SessionError) throw storeUnavailable(true, error);
    }
    return this.log;
  }

  /** Whether every sidecar records events now. */
  get isSettled(): boolean {
    return this.#recording !== undefined && this.now >= this.#recording.since + settleMs;
  }

  /** Whether this sidecar is the one that keeps the log. */
  get isKeeper(): boolean {
    return this.#isKeeper;
  }

  /** Redis's clock, or an estimate, in ms since 1970. */
  get now(): number {
    return Math.floor(performance.now() + (this.#clockOffset ?? 0));
  }

  keepRecording(): () => void {
    this.#interests += 1;
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      this.#interests -= 1;
    };
  }

  /** Resolves with the log once every sidecar records events, or when `signal` is aborted. */
  async settled(signal: AbortSignal): Promise<string> {
    for (;;) {
      await this.check();
      if (this.isSettled || signal.aborted) return this.log ?? '';
      await sleep(intervalMs / 5, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  check(): Promise<void> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #check(): Promise<void> {
    const { scripts, keys, retentionMs, onRecording } = this.#options;
    const askedAt = performance.now();
    // Without a connection, nothing is asked, and the first answer is still to come.
    if (scripts.connection.serverOf(keys.presence[0]) !== undefined) this.#askedAt = askedAt;
    const isIdle = this.#interests === 0 && this.#recording === undefined;
    if (isIdle && !(await scripts.exists(keys.presence[0]))) {
      this.#knownAt = askedAt;
      return;
    }
    const keep = this.#interests > 0 ? String(retentionMs) : '';
    const newLog = randomBytes(8).toString('hex');
    const [now, sign, isKeeper] = (await scripts.run('presence', keys.presence, [
      this.#id,
      keeperMs,
      keep,
      newLog,
    ])) as [string, string, number];
    this.#knownAt = askedAt;
    this.#clockOffset = Number(now) - performance.now();
    this.#isKeeper = isKeeper === 1;
    const was = this.#recording;
    const [log = '', since] = sign.split(' ');
    this.#recording = log === '' ? undefined : { log, since: Number(since) };
    if ((was === undefined) !== (this.#recording === undefined)) onRecording(was === undefined);
  }
}
