import { Option } from 'commander';
import { adminTargetOptions } from './admin-target';
import type { CommandDefinition } from './command';
import type * as GrpcCommands from './grpc-commands';
import { durationOption, jsonOption, valueOption } from './options';
import { plainText, ValueError } from '../config/values';
import type { ValueKind } from '../config/values';

// Loaded on demand: it contains grpc-js.
// oxlint-disable-next-line typescript/no-require-imports
const commands = (): typeof GrpcCommands => require('./grpc-commands') as typeof GrpcCommands;

const exits = ['ok', 'failed', 'usage', 'unavailable', 'denied', 'interrupted'] as const;

const time: ValueKind<Date> = {
  name: 'time, as in RFC 3339',
  parse(text) {
    const parsed = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)
      ? new Date(text)
      : undefined;
    if (parsed !== undefined && !Number.isNaN(parsed.getTime())) return parsed;
    throw new ValueError('a time with its zone, like 2026-11-27T09:30:00Z', text);
  },
};

const fingerprint = plainText('the fingerprint of a key, as `secret fingerprint` prints it', /^[\w-]{8}$/);

const aboutAddress = 'Calls session.admin.v1, which a sidecar serves if SESSION_SIDECAR_ADMIN_ADDRESS is set.';

export const countSessions: CommandDefinition = {
  name: 'sessions count',
  summary: 'Count all sessions.',
  description: [
    `${aboutAddress} Applications do not notice it, and it may be interrupted. Sessions that begin or end meanwhile may or may not be counted.`,
  ],
  options: [
    new Option(
      '--estimate',
      'say at once about how many there are, with the interval that contains the number in 95 % of cases',
    ),
    ...adminTargetOptions(),
    jsonOption(),
  ],
  examples: [
    { command: 'session-sidecar sessions count', purpose: 'exactly' },
    { command: 'session-sidecar sessions count --estimate --json', purpose: 'approximately and at once, for a script' },
  ],
  exits,
  run: (invocation) => commands().countSessions(invocation),
};

export const revokeSessions: CommandDefinition = {
  name: 'sessions revoke',
  summary: 'End the sessions of a subject, of an age or of a signing key.',
  description: [
    `${aboutAddress} Ends the sessions that have all the given properties. If it fails or is interrupted, some may have ended; repeat it to end the others. With --dry-run, it only counts them.`,
  ],
  options: [
    new Option('--subject <subject>', 'the sessions of a subject; with nothing else'),
    durationOption('--older-than <duration>', 'those that were created longer ago', '0s', '3650d'),
    valueOption('--created-before <time>', 'those that were created before a time', time).conflicts('olderThan'),
    durationOption('--unused-for <duration>', 'those that have certainly not been used for so long', '0s', '3650d'),
    valueOption(
      '--signing-key <fingerprint>',
      'those whose token was signed by a key, as `secret fingerprint` names it',
      fingerprint,
    ),
    new Option('--include-unknown-keys', 'with --signing-key: also those of which no key is recorded'),
    new Option('--dry-run', 'count them and end none'),
    ...adminTargetOptions(),
    jsonOption(),
  ],
  examples: [
    { command: 'session-sidecar sessions revoke --subject user-7', purpose: 'sign a user out everywhere' },
    {
      command: 'session-sidecar sessions revoke --unused-for 30d --dry-run',
      purpose: 'how many were not used for a month',
    },
    {
      command: 'session-sidecar sessions revoke --created-before 2026-11-27T09:30:00Z',
      purpose: 'everyone who signed in before an incident was over',
    },
    { command: 'session-sidecar sessions revoke --signing-key wmO9Ya3x', purpose: 'after a signing key was stolen' },
  ],
  exits,
  run: (invocation) => commands().revokeSessions(invocation),
};
