import type { CommandDefinition } from './command';
import type * as GrpcCommands from './grpc-commands';
import { durationOption, integerOption, jsonOption, sizeOption, valueOption } from './options';
import { targetOptions } from './sidecar-target';
import { ValueError } from '../config/values';
import type { ValueKind } from '../config/values';

const ratio: ValueKind<number> = {
  name: 'number, 0 to 1',
  parse(text) {
    const value = /^\d?(\.\d+)?$/.test(text) ? Number(text) : NaN;
    if (value >= 0 && value <= 1 && text !== '') return value;
    throw new ValueError('a number from 0 to 1, like 0.9', text);
  },
};

export const load: CommandDefinition = {
  name: 'load',
  summary: 'Generate load on a running sidecar and measure the latency.',
  description: [
    'Creates sessions, reads and updates random ones for a while with a fixed number of calls in flight, prints rate, percentiles and a histogram, and ends its sessions. Ctrl-C ends the measurement early. Sessions that cannot be ended expire soon by themselves.',
    'Each call is a unary RPC. The client libraries send many calls over one stream, which costs less, so they reach higher rates. Generator and sidecar share the machine, so on few cores they compete for it.',
    'Do not run it against a sidecar in production: it takes capacity from the application, and from Redis.',
  ],
  options: [
    durationOption('--duration <duration>', 'how long to measure', '100ms', '24h').default(10_000, '10s'),
    integerOption('--in-flight <number>', 'calls in flight, on all connections together', 1, 10_000).default(16),
    integerOption('--connections <number>', 'gRPC connections', 1, 1_000).default(1),
    integerOption('--sessions <number>', 'sessions to create', 1, 100_000).default(100),
    valueOption('--read-ratio <ratio>', 'share of reads; the other calls update a session', ratio).default(0.9),
    sizeOption('--size <size>', 'size of the value in each session', '2B', '1MiB').default(1024, '1KiB'),
    ...targetOptions(),
    jsonOption(),
  ],
  examples: [
    { command: 'session-sidecar load', purpose: 'ten seconds, 16 calls in flight' },
    {
      command: 'session-sidecar load --duration 1m --in-flight 64 --connections 4 --read-ratio 0.5 --size 16KiB',
      purpose: 'more and larger calls, half of them updates',
    },
    { command: 'session-sidecar load --json --duration 5s', purpose: 'for a script' },
  ],
  exits: ['ok', 'failed', 'usage', 'unavailable', 'denied', 'interrupted'],
  // oxlint-disable-next-line typescript/no-require-imports
  run: (invocation) => (require('./grpc-commands') as typeof GrpcCommands).runLoad(invocation),
};
