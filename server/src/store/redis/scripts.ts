import { Redis } from 'ioredis';
import type { Cluster } from 'ioredis';
import type { Limits } from '../../session/limits';
import type { ExpiryPolicy } from '../../session/session';
import bodyLua from './body.lua';
import createLua from './create.lua';
import deleteLua from './delete.lua';
import jsonArrayLua from './json_array.lua';
import loadLua from './load.lua';
import mutationsLua from './mutations.lua';
import recordLua from './record.lua';
import updateLua from './update.lua';

export type ScriptName = 'create' | 'load' | 'update' | 'delete';

/** A script's reply: a word that says what came of it, and what the script's header says follows. */
export type ScriptReply = readonly [Buffer, ...unknown[]];

export type RunScript = (script: ScriptName, key: string, args: readonly (string | Buffer)[]) => Promise<ScriptReply>;

/**
 * A full Redis must not log people out or keep them logged in: reading, whose touch writes a few bytes over old ones, and
 * deleting are allowed when memory is over the limit (https://redis.io/docs/latest/develop/programmability/lua-api/#script_flags).
 */
const allowWhenFull = '#!lua flags=allow-oom\n';
const refuseWhenFull = '#!lua\n';

export interface ScriptSettings {
  readonly expiry: ExpiryPolicy;
  readonly limits: Limits;
  /** Whether keys get a TTL. */
  readonly expireKeys: boolean;
}

function sourcesOf(settings: ScriptSettings): Readonly<Record<ScriptName, string>> {
  const record = settingsLua(settings) + recordLua;
  return {
    create: refuseWhenFull + record + createLua,
    load: allowWhenFull + record + bodyLua + loadLua,
    update: refuseWhenFull + record + bodyLua + jsonArrayLua + mutationsLua + updateLua,
    delete: allowWhenFull + record + deleteLua,
  };
}

/** In the text of the scripts, because as arguments they would be sent, and read as numbers, with every call. */
function settingsLua({ expiry, limits, expireKeys }: ScriptSettings): string {
  const settings = {
    touch_interval: expiry.touchInterval,
    max_lifetime: expiry.maxLifetime,
    expires_by_ttl: expireKeys,
    max_session_bytes: limits.maxSessionBytes,
    max_keys: limits.maxKeys,
    max_flash_messages: limits.maxFlashMessages,
    max_flash_queues: limits.maxFlashQueues,
    max_reply_bytes: limits.maxReplyBytes,
    max_work_bytes: limits.maxWorkBytes,
  };
  return Object.entries(settings)
    .map(([name, value]) => `local ${name} = ${String(value ?? 'nil')}\n`)
    .join('');
}

/**
 * Teaches a connection the scripts. Those that are run in one turn of the event loop leave in one system call. ioredis sends a
 * script's text once on each connection and its SHA-1 from then on, and the text again when Redis has forgotten it (NOSCRIPT).
 */
export function defineScripts(client: Redis | Cluster, settings: ScriptSettings): RunScript {
  for (const [name, lua] of Object.entries(sourcesOf(settings))) {
    client.defineCommand(commandOf(name as ScriptName), { lua, numberOfKeys: 1 });
  }
  type Command = (key: string, ...args: readonly (string | Buffer)[]) => Promise<ScriptReply>;
  const commands = client as unknown as Record<string, Command | undefined>;
  const corkWrite = client instanceof Redis ? corkWrites(client) : () => {};
  return (script, key, args) => {
    const command = commands[`${commandOf(script)}Buffer`];
    if (command === undefined) throw new Error(`The script ${script} is not defined on the connection.`);
    corkWrite();
    return command.call(client, key, ...args);
  };
}

/** Redis can begin with these while the rest of a turn is still being written. */
const maxCorkedWrites = 8;

/** @returns what to call before a write, for it to leave with those that follow in the same turn */
function corkWrites(client: Redis): () => void {
  let held = 0;
  const release = (): void => {
    if (held > 0) client.stream.uncork();
    held = 0;
  };
  return () => {
    if (held === maxCorkedWrites) release();
    if (held === 0) {
      client.stream.cork();
      process.nextTick(release);
    }
    held += 1;
  };
}

function commandOf(script: ScriptName): string {
  return `${script}Session`;
}
