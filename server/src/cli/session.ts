import { Option } from 'commander';
import type { CommandDefinition } from './command';
import type * as GrpcCommands from './grpc-commands';
import { jsonOption } from './options';
import { targetOptions } from './sidecar-target';

// Loaded on demand: it contains grpc-js.
// oxlint-disable-next-line typescript/no-require-imports
const commands = (): typeof GrpcCommands => require('./grpc-commands') as typeof GrpcCommands;

const tokenOption = new Option('--token-file <path>', 'file with the token (default: standard input)');

const aboutToken =
  'The token comes from standard input or from a file, never from the command line, which other processes can read. A handle is not enough, because no RPC accepts one.';

const exits = ['ok', 'failed', 'usage', 'unavailable', 'denied'] as const;

export const showSession: CommandDefinition = {
  name: 'session show',
  summary: 'Show one session, given its token.',
  description: [
    aboutToken,
    'Shows handle, times, version, subject, label, the keys with the size of each value, and the flash queues. Values are shown only with --data; flash messages, the CSRF token and the token never. Like every read, it counts as an access.',
  ],
  options: [
    tokenOption,
    new Option('--data', 'show the values, which may be personal data'),
    ...targetOptions(),
    jsonOption(),
  ],
  examples: [
    { command: 'session-sidecar session show < token', purpose: 'the session of the token in a file' },
    {
      command: 'session-sidecar session show --data --json --token-file token',
      purpose: 'with its values, for a script',
    },
  ],
  exits,
  run: (invocation) => commands().printSession(invocation),
};

export const invalidateSession: CommandDefinition = {
  name: 'session invalidate',
  summary: 'End one session, given its token.',
  description: [aboutToken, 'Succeeds, too, if the session has already ended.'],
  options: [tokenOption, ...targetOptions(), jsonOption()],
  examples: [{ command: 'session-sidecar session invalidate < token', purpose: 'sign the visitor out' }],
  exits,
  run: (invocation) => commands().endSession(invocation),
};
