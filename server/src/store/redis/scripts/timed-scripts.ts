import { storeUnavailable } from '../../../session/errors';
import type { RedisConnection } from '../connection/redis-connection';
import { Replication } from '../replication';
import type { ReplicationOptions } from '../replication';
import { number, text } from './script-codec';
import { defineScripts } from './script-runner';
import type { RunScript, ScriptReply } from './script-runner';
import type { ScriptName, ScriptSettings } from './script-sources';

export interface TimedScriptsOptions extends ScriptSettings {
  readonly connection: RedisConnection;
  /** Time limit of one Redis command, in ms. */
  readonly commandTimeoutMs: number;
  /** `undefined`: a change is acknowledged once the master has it. */
  readonly replication?: ReplicationOptions | undefined;
}

export interface ScriptCall {
  readonly script: ScriptName;
  readonly key: string;
  /** What lib/call.lua takes besides the deadline. */
  readonly secretHash: string;
  readonly isTracked: boolean;
  readonly args: readonly (string | Buffer)[];
  /** Called when Redis has answered, before replicas have confirmed the change. */
  readonly onReply?: (status: string, reply: ScriptReply) => void;
}

/** Runs scripts: each before its caller's deadline by Redis's clock, or not at all. */
export class TimedScripts {
  readonly #options: TimedScriptsOptions;
  readonly #runScript: RunScript;
  readonly #replication: Replication | undefined;

  constructor(options: TimedScriptsOptions) {
    this.#options = options;
    this.#runScript = defineScripts(options.connection.client, options);
    this.#replication = options.replication && new Replication(options.replication);
  }

  /**
   * Fails as a command of ioredis does, or with a SessionError.
   *
   * @param deadline when the caller stops waiting, by `performance.now()`
   */
  async run(call: ScriptCall, deadline = Infinity): Promise<ScriptReply> {
    const givenUpAt = Math.min(deadline, performance.now() + this.#options.commandTimeoutMs);
    const reply = await this.#runBefore(givenUpAt, call);
    // If Redis's clock was stepped, the reply has corrected the estimate. Nothing was changed, so the script can run again.
    return reply ?? (await this.#runBefore(givenUpAt, call)) ?? tooLate();
  }

  /** @returns `undefined` if Redis ran the script after `givenUpAt`, without effect */
  async #runBefore(
    givenUpAt: number,
    { script, key, secretHash, isTracked, args, onReply }: ScriptCall,
  ): Promise<ScriptReply | undefined> {
    // Looked up before sending: afterwards it is unknown whether the command was sent.
    const server = this.#options.connection.serverOf(key) ?? away();
    const { client, clock } = server;
    if (!clock.isKnown) await server.beat();
    const sentAt = performance.now();
    if (!clock.isKnown || sentAt >= givenUpAt) throw storeUnavailable(false);
    const sent = this.#replication?.sending(client);
    const callArgs = [secretHash, String(clock.lastBefore(givenUpAt)), isTracked ? '1' : ''];
    const reply = await this.#runScript(script, key, [...callArgs, ...args]);
    const status = text(reply[0]);
    if (status === 'late') {
      clock.observe(sentAt, performance.now(), number(reply[1]));
      return undefined;
    }
    onReply?.(status, reply);
    if (sent !== undefined && changes.has(status)) await this.#replication?.confirm(sent);
    return reply;
  }
}

/** Replies of scripts that have changed something. */
const changes = new Set(['created', 'updated', 'deleted', 'attached', 'acquired', 'released']);

function away(): never {
  throw storeUnavailable(false);
}

function tooLate(): never {
  throw storeUnavailable(false, new Error('Redis ran the script after its deadline.'));
}
