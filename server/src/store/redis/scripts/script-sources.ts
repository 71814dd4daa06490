import type { Limits } from '../../../session/limits';
import type { ExpiryPolicy } from '../../../session/session';
import acquireLua from './acquire.lua';
import createLua from './create.lua';
import deleteLua from './delete.lua';
import deleteOfLua from './delete_of.lua';
import indexAttachLua from './index_attach.lua';
import indexDropLua from './index_drop.lua';
import indexEntryLua from './index_entry.lua';
import indexScanLua from './index_scan.lua';
import addLua from './events/add.lua';
import dueLua from './events/due.lua';
import groupLua from './events/group.lua';
import presenceLua from './events/presence.lua';
import recordEventLua from './events/record.lua';
import settleLua from './events/settle.lua';
import attributesLua from './lib/attributes.lua';
import bodyLua from './lib/body.lua';
import callLua from './lib/call.lua';
import changeLua from './lib/change.lua';
import entryLua from './lib/entry.lua';
import indexLua from './lib/index.lua';
import integerLua from './lib/integer.lua';
import jsonArrayLua from './lib/json_array.lua';
import jsonValueLua from './lib/json_value.lua';
import leaseLua from './lib/lease.lua';
import mutationsLua from './lib/mutations.lua';
import partitionLua from './lib/partition.lua';
import previousSecretLua from './lib/previous_secret.lua';
import recordLua from './lib/record.lua';
import subjectLua from './lib/subject.lua';
import touchLua from './lib/touch.lua';
import loadLua from './load.lua';
import peekLua from './peek.lua';
import readLua from './read.lua';
import releaseLua from './release.lua';
import revokeLua from './revoke.lua';
import replaceLua from './replace.lua';
import setLua from './set.lua';
import updateLua from './update.lua';

/** Scripts on a session. */
export type SessionScriptName =
  | 'create'
  | 'load'
  | 'set'
  | 'update'
  | 'read'
  | 'replace'
  | 'acquire'
  | 'release'
  | 'delete'
  | 'peek'
  | 'deleteOf'
  | 'revoke';

/** Scripts on the index of a subject. */
export type IndexScriptName = 'indexAttach' | 'indexScan' | 'indexEntry' | 'indexDrop';

export type ScriptName = SessionScriptName | IndexScriptName;

export interface ScriptSettings {
  readonly expiry: ExpiryPolicy;
  readonly limits: Limits;
  /** Whether keys get a TTL. */
  readonly expireKeys: boolean;
}

const scripts: Readonly<Record<ScriptName, string>> = {
  create: createLua,
  load: loadLua,
  set: setLua,
  update: updateLua,
  read: readLua,
  replace: replaceLua,
  acquire: acquireLua,
  release: releaseLua,
  delete: deleteLua,
  peek: peekLua,
  deleteOf: deleteOfLua,
  revoke: revokeLua,
  indexAttach: indexAttachLua,
  indexScan: indexScanLua,
  indexEntry: indexEntryLua,
  indexDrop: indexDropLua,
};

export const scriptNames = Object.keys(scripts) as ScriptName[];

/** The scripts on the log of events, with the number of their keys. */
export const eventScripts = {
  presence: { lua: presenceLua, numberOfKeys: 2 },
  record: { lua: recordEventLua, numberOfKeys: 3 },
  due: { lua: dueLua, numberOfKeys: 2 },
  settle: { lua: settleLua, numberOfKeys: 3 },
  add: { lua: addLua, numberOfKeys: 2 },
  group: { lua: groupLua, numberOfKeys: 1 },
} as const;

const library: Readonly<Record<string, string>> = {
  'lib/attributes.lua': attributesLua,
  'lib/body.lua': bodyLua,
  'lib/call.lua': callLua,
  'lib/change.lua': changeLua,
  'lib/entry.lua': entryLua,
  'lib/index.lua': indexLua,
  'lib/integer.lua': integerLua,
  'lib/json_array.lua': jsonArrayLua,
  'lib/json_value.lua': jsonValueLua,
  'lib/lease.lua': leaseLua,
  'lib/mutations.lua': mutationsLua,
  'lib/partition.lua': partitionLua,
  'lib/previous_secret.lua': previousSecretLua,
  'lib/record.lua': recordLua,
  'lib/subject.lua': subjectLua,
  'lib/touch.lua': touchLua,
};

/**
 * The text of a script for Redis: a first line with its `-- @flags`
 * (https://redis.io/docs/latest/develop/programmability/lua-api/#script_flags), the settings and library files that it and they
 * declare with `-- @setting` and `-- @include`, and the script itself. Settings are in the text because arguments would be sent,
 * and parsed as numbers, with every call.
 */
export function scriptSource(name: ScriptName, settings: ScriptSettings): string {
  return assemble(scripts[name], settingValues(settings));
}

/** As {@link scriptSource}. These scripts use no settings. */
export function eventScriptSource(name: keyof typeof eventScripts): string {
  return assemble(eventScripts[name].lua, {});
}

function assemble(script: string, values: Readonly<Record<string, number | boolean | undefined>>): string {
  const files = [...includedFiles(script), script];
  const names = new Set(files.flatMap((text) => declared(text, 'setting')));
  const locals = [...names].map((setting) => `local ${setting} = ${String(values[setting] ?? 'nil')}\n`);
  const flags = declared(script, 'flags').map((flag) => ` flags=${flag}`);
  return [`#!lua${flags.join('')}\n`, ...locals, ...files].join('');
}

/** The library files that a file needs, each once and after those that it includes itself. */
function includedFiles(text: string, seen = new Set<string>()): string[] {
  return declared(text, 'include').flatMap((path) => {
    if (seen.has(path)) return [];
    seen.add(path);
    const file = library[path];
    if (file === undefined) throw new Error(`Unknown Lua file ${path}.`);
    return [...includedFiles(file, seen), file];
  });
}

function declared(text: string, kind: 'flags' | 'include' | 'setting'): string[] {
  return [...text.matchAll(new RegExp(`^-- @${kind} (\\S+)$`, 'gm'))].map(([, name = '']) => name);
}

function settingValues({
  expiry,
  limits,
  expireKeys,
}: ScriptSettings): Readonly<Record<string, number | boolean | undefined>> {
  return {
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
}
