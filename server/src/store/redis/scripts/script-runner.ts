import { Redis } from 'ioredis';
import type { Cluster } from 'ioredis';
import { corkWrites } from './cork';
import { scriptNames, scriptSource } from './script-sources';
import type { ScriptName, ScriptSettings } from './script-sources';

/** A script's reply: the outcome, followed by the elements that the script's header describes. */
export type ScriptReply = readonly [Buffer, ...unknown[]];

export type RunScript = (script: ScriptName, key: string, args: readonly (string | Buffer)[]) => Promise<ScriptReply>;

/**
 * Defines the scripts on a connection. Scripts of one turn of the event loop are sent in one system call. ioredis sends a script's
 * text once per connection, then its SHA-1, and the text again if Redis has lost it (NOSCRIPT).
 */
export function defineScripts(client: Redis | Cluster, settings: ScriptSettings): RunScript {
  for (const name of scriptNames) {
    client.defineCommand(commandOf(name), { lua: scriptSource(name, settings), numberOfKeys: 1 });
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

function commandOf(script: ScriptName): string {
  return `${script}Session`;
}
