import { Argument, Option } from 'commander';
import type { CommandDefinition } from './command';
import type * as GrpcCommands from './grpc-commands';
import { jsonOption } from './options';
import { targetOptions } from './sidecar-target';

// Loaded on demand: it contains grpc-js.
// oxlint-disable-next-line typescript/no-require-imports
const commands = (): typeof GrpcCommands => require('./grpc-commands') as typeof GrpcCommands;

const subject = new Argument(
  '<subject>',
  'who the sessions belong to, as the application set it, for example a user id',
);

const exits = ['ok', 'failed', 'usage', 'unavailable', 'denied'] as const;

export const listSubject: CommandDefinition = {
  name: 'subject list',
  summary: 'List the sessions of a subject.',
  description: [
    'Shows handle, times, version and label of each session, the one that was used last first. Tokens and values are never shown. Unlike `session show`, it does not count as an access.',
  ],
  arguments: [subject],
  options: [...targetOptions(), jsonOption()],
  examples: [
    { command: 'session-sidecar subject list user-7', purpose: 'where a user is signed in' },
    { command: 'session-sidecar subject list --json user-7', purpose: 'for a script' },
  ],
  exits,
  run: (invocation) => commands().printSubject(invocation),
};

export const invalidateSubject: CommandDefinition = {
  name: 'subject invalidate',
  summary: 'End the sessions of a subject.',
  description: [
    'Ends all sessions that existed when the command was given, and logins in flight, or only those named by --handle. Succeeds, too, if there are none. If it fails, some sessions may have ended; repeat it to end the others.',
  ],
  arguments: [subject],
  options: [
    new Option('--handle <handle...>', 'end these sessions only, as `subject list` shows them'),
    ...targetOptions(),
    jsonOption(),
  ],
  examples: [
    { command: 'session-sidecar subject invalidate user-7', purpose: 'sign a user out everywhere' },
    {
      command: 'session-sidecar subject invalidate user-7 --handle bcHW2dgYV2oEuhTrSHovBA',
      purpose: 'on one device only',
    },
  ],
  exits,
  run: (invocation) => commands().endSubject(invocation),
};
