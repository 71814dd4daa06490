import { Option } from 'commander';
import type { CommandDefinition } from './command';
import { jsonPointer } from './import/json-pointer';
import { durationOption, integerOption, jsonOption, valueOption } from './options';
import type * as RedisCommands from './redis-commands';

// Loaded on demand: it contains ioredis.
// oxlint-disable-next-line typescript/no-require-imports
const commands = (): typeof RedisCommands => require('./redis-commands') as typeof RedisCommands;

const day = 24 * 3_600_000;

const description = [
  'Reads the sessions of another store in steps, and stores those that are not there yet, with the settings of the sidecar. Nothing is changed in the source. What cannot be imported is counted by reason, and makes it exit with 1. Keys, ids and values are not printed.',
  'Ctrl-C ends it after the sessions in hand. The same command goes on where it ended, even on another machine. Once all keys were looked at, it does nothing more: sessions that have ended since would come back.',
];

/** @param prefix the default one; `undefined`: it must be given */
function optionsOf(prefix: string | undefined): Option[] {
  const prefixOption = new Option('--prefix <text>', 'what the keys of the sessions begin with');
  return [
    new Option('--source <url>', 'Redis with the old sessions (default: the one of the settings)'),
    new Option(
      '--source-settings <path>',
      'file with settings of `serve` that locate it, as NAME=value in each line: for a password, TLS, Sentinels or a Cluster',
    ),
    prefix === undefined ? prefixOption.makeOptionMandatory() : prefixOption.default(prefix),
    valueOption('--subject <pointer>', 'JSON pointer to the subject in the data of a session', jsonPointer),
    integerOption('--rate <number>', 'sessions per second at most (default: as many as possible)', 1, 1_000_000),
    new Option('--dry-run', 'store nothing, and report what would be imported'),
    new Option('--again', 'import, too, what was imported before and has ended since'),
    jsonOption(),
  ];
}

const ttlOption = (): Option =>
  durationOption('--ttl <duration>', 'how long sessions live whose record does not say it', '1s', '3650d');

const common = {
  takesSettings: true,
  exits: ['ok', 'failed', 'usage', 'unavailable', 'denied', 'interrupted'],
} as const;

export const importConnectRedis: CommandDefinition = {
  ...common,
  name: 'import connect-redis',
  summary: 'Import sessions of express-session that connect-redis has stored.',
  description: [
    ...description,
    '`SidecarStore` finds them with the cookies that visitors have: docs/guide/moving-in.md. A session lives as long as its key would have.',
  ],
  options: [
    ...optionsOf('sess:'),
    ttlOption().default(day, '24h'),
    new Option(
      '--for <api>',
      '`store`: SidecarStore of express-session; `adapter`: without the cookie, and with messages of connect-flash as flash messages',
    )
      .choices(['store', 'adapter'])
      .default('store'),
  ],
  examples: [
    {
      command: 'session-sidecar import connect-redis --source redis://old:6379 --dry-run',
      purpose: 'what would be imported',
    },
    {
      command: 'session-sidecar import connect-redis --source redis://old:6379 --subject /passport/user --rate 2000',
      purpose: 'with the user as the subject, without haste',
    },
  ],
  run: (invocation) => commands().runConnectRedisImport(invocation),
};

export const importPyramid: CommandDefinition = {
  ...common,
  name: 'import pyramid',
  summary: 'Import sessions of pyramid_session_redis that are JSON.',
  description: [
    ...description,
    '`session_sidecar.pyramid` finds them with the cookies that visitors have: docs/guide/moving-in.md. Flash messages and CSRF tokens remain valid. Pickles are counted, never read. The import counts as an access: a session lives for its timeout from now on.',
  ],
  options: [...optionsOf(''), ttlOption()],
  examples: [
    {
      command: 'session-sidecar import pyramid --source redis://old:6379 --dry-run',
      purpose: 'what would be imported',
    },
  ],
  run: (invocation) => commands().runPyramidImport(invocation),
};

export const importJson: CommandDefinition = {
  ...common,
  name: 'import json',
  summary: 'Import sessions that another store keeps as JSON, one in each key.',
  description: [...description, 'The application finds them by their ids, with `openById()`.'],
  options: [
    ...optionsOf(undefined),
    ttlOption(),
    new Option(
      '--id <rule>',
      'where the id is: `name`, the key without the prefix; `key`, the key; or a JSON pointer',
    ).default('name'),
    valueOption('--data <pointer>', 'JSON pointer to the data of a session (default: the whole record)', jsonPointer),
    valueOption(
      '--expires <pointer>',
      'JSON pointer to the end of a session: a date, or seconds or milliseconds since 1970 (default: the TTL of the key)',
      jsonPointer,
    ),
    new Option('--drop <keys>', 'keys of the data to leave out, separated by commas'),
  ],
  examples: [
    {
      command: 'session-sidecar import json --prefix koa:sess: --expires /_expire --drop _expire,_maxAge',
      purpose: 'sessions of koa-session',
    },
  ],
  run: (invocation) => commands().runJsonImport(invocation),
};
