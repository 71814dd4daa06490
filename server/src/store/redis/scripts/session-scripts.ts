import { storeUnavailable, UnreadableRecordError } from '../../../session/errors';
import type { RecordProblem } from '../../../session/errors';
import type { SessionRef } from '../../../session/session-store';
import type { RedisConnection } from '../connection/redis-connection';
import { toStoreError } from '../redis-errors';
import { Replication } from '../replication';
import type { ReplicationOptions } from '../replication';
import { number, parseMetadata, text } from './script-codec';
import { defineScripts } from './script-runner';
import type { RunScript, ScriptReply } from './script-runner';
import type { ScriptName, ScriptSettings } from './script-sources';

export interface SessionScriptsOptions extends ScriptSettings {
  readonly connection: RedisConnection;
  /** Time limit of one Redis command, in ms. */
  readonly commandTimeoutMs: number;
  /** The prefix of a session's key, before the handle. */
  readonly keyPrefix: string;
  /** `undefined`: a change is acknowledged once the master has it. */
  readonly replication?: ReplicationOptions | undefined;
  /** Whether Redis tracks what is read on the connection. */
  readonly isTracked: () => boolean;
  readonly listener: ScriptListener;
}

export interface ScriptListener {
  /** A script has run on a session, or may have: earlier reads may be outdated. */
  onRun(handle: string): void;
  /**
   * A script has changed a session, or may have. Reported at once, not when replicas have confirmed it.
   *
   * @param version the session's version now; `undefined`: unknown, or it has ended
   */
  onChanged(handle: string, version: number | undefined): void;
}

type Arguments = readonly (string | Buffer)[];

/** Runs scripts on sessions: each before its caller's deadline by Redis's clock, or not at all. */
export class SessionScripts {
  readonly #options: SessionScriptsOptions;
  readonly #runScript: RunScript;
  readonly #replication: Replication | undefined;

  constructor(options: SessionScriptsOptions) {
    this.#options = options;
    this.#runScript = defineScripts(options.connection.client, options);
    this.#replication = options.replication && new Replication(options.replication);
  }

  /** @param deadline when the caller stops waiting, by `performance.now()` */
  async run(script: ScriptName, ref: SessionRef, args: Arguments, deadline = Infinity): Promise<ScriptReply> {
    const { commandTimeoutMs, listener } = this.#options;
    const { handle } = ref;
    const givenUpAt = Math.min(deadline, performance.now() + commandTimeoutMs);
    try {
      const reply = await this.#runBefore(givenUpAt, script, ref, args);
      // If Redis's clock was stepped, the reply has corrected the estimate. Nothing was changed, so the script can run again.
      return reply ?? (await this.#runBefore(givenUpAt, script, ref, args)) ?? tooLate();
    } catch (error) {
      if (script !== 'load') listener.onChanged(handle, undefined);
      throw toStoreError(error, { handle, isChange: script !== 'load' });
    } finally {
      listener.onRun(handle);
    }
  }

  /** @returns `undefined` if Redis ran the script after `givenUpAt`, without effect */
  async #runBefore(
    givenUpAt: number,
    script: ScriptName,
    { handle, secretHash }: SessionRef,
    args: Arguments,
  ): Promise<ScriptReply | undefined> {
    const { keyPrefix, isTracked, listener } = this.#options;
    const key = keyPrefix + handle;
    // Looked up before sending: afterwards it is unknown whether the command was sent.
    const server = this.#options.connection.serverOf(key) ?? away();
    const { client, clock } = server;
    if (!clock.isKnown) await server.beat();
    const sentAt = performance.now();
    if (!clock.isKnown || sentAt >= givenUpAt) throw storeUnavailable(false);
    const sent = this.#replication?.sending(client);
    const callArgs = [secretHash, String(clock.lastBefore(givenUpAt)), isTracked() ? '1' : ''];
    const reply = await this.#runScript(script, key, [...callArgs, ...args]);
    const status = text(reply[0]);
    if (status === 'late') {
      clock.observe(sentAt, performance.now(), number(reply[1]));
      return undefined;
    }
    if (status === 'updated') listener.onChanged(handle, parseMetadata(reply[1]).version);
    else if (status === 'deleted') listener.onChanged(handle, undefined);
    if (sent !== undefined && changes.has(status)) await this.#replication?.confirm(sent);
    return reply;
  }
}

/** Replies of scripts that have changed something. */
const changes = new Set(['created', 'updated', 'deleted']);

/**
 * Whether a script found the session.
 *
 * @param status the first element of its reply
 * @throws UnreadableRecordError if the record cannot be read
 */
export function wasFound(status: string, { handle }: SessionRef): boolean {
  if (isProblem(status)) throw new UnreadableRecordError(handle, status);
  return status !== 'not_found';
}

const problems: ReadonlySet<string> = new Set<RecordProblem>(['damaged', 'newer_format', 'foreign_type']);

function isProblem(status: string): status is RecordProblem {
  return problems.has(status);
}

function away(): never {
  throw storeUnavailable(false);
}

function tooLate(): never {
  throw storeUnavailable(false, new Error('Redis ran the script after its deadline.'));
}
