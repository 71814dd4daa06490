import assert from 'node:assert/strict';
import { ConfigError, loadConfig } from '../../../server/src/config';
import { entries, variableOf } from '../../../server/src/config/settings';
import { Choices } from '../bytes/choices';
import type { Target } from '../engine/target';

/** In the place of a password, or in it: what must not come out again. */
const secret = 'hunter2secret';

const ownVariables = entries.map(([, setting]) => variableOf(setting));
const secretVariables = entries
  .filter(([, { secret: isSecret }]) => isSecret)
  .map(([, setting]) => variableOf(setting));
const variables = [
  ...ownVariables,
  ...secretVariables.map((name) => `${name}_FILE`),
  ...[
    'REDIS_URL',
    'SESSION_SIDECAR_',
    'SESSION_SIDECAR_NONE',
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  ],
  ...['OTEL_TRACES_EXPORTER', 'OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_SDK_DISABLED', 'OTEL_EXPORTER_OTLP_HEADERS', 'PATH'],
];
const flags = ownVariables.map(
  (name) => `--${name.replace('SESSION_SIDECAR_', '').toLowerCase().replaceAll('_', '-')}`,
);
const values = [
  ...[
    '',
    '1',
    '0',
    '-1',
    '30s',
    '20m',
    '0s',
    '1e3s',
    'never',
    'on',
    'off',
    '64KiB',
    '10gb',
    '1MB',
    'info',
    'localhost:50051',
    ':0',
  ],
  ...[
    '127.0.0.1:0',
    '[::1]:50051',
    'unix:/run/s.sock',
    'unix:',
    '0.0.0.0:1',
    'a:1,b:2',
    '127.0.0.1:70000',
    ',',
    ' ',
    '\u0000',
    '\n',
  ],
  ...[
    'redis://localhost',
    'rediss://u@h:1/2',
    'unix:///run/redis.sock',
    'redis://h/0?db=1',
    'http://h',
    '/file',
    '/none',
    '/empty',
  ],
  ...[
    Buffer.alloc(32, 'k').toString('base64'),
    'x'.repeat(5000),
    '9'.repeat(400),
    '.'.repeat(3000),
    `${'1'.repeat(2000)}s`,
    '١s',
  ],
];
/** Each of these belongs into a variable that holds a secret, as a whole or in a part that is one. */
const secretValues = [
  secret,
  `redis://u:${secret}@h:1/0`,
  `redis://${secret}`,
  `${secret}:6379`,
  `redis://u:${secret}@h:x`,
  `/${secret}`,
];

export const configuration: Target = {
  name: 'configuration',
  property:
    'Any variables and flags give a configuration, or a ConfigError whose lines name what is wrong; none repeats a secret, and the work is linear.',
  guidedBy: ['server/src/config'],
  seeds: [[], [1, 0, 1], [2, 3, 4, 5, 6], [1, 255, 9, 1, 0, 2, 3], Array.from({ length: 64 }, (_, index) => index)].map(
    (bytes) => Uint8Array.from(bytes),
  ),
  maxSteps: (bytes) => 60_000 + 300 * bytes,
  open: () =>
    Promise.resolve({
      run(input) {
        const sources = sourcesOf(new Choices(input));
        let texts: readonly string[];
        try {
          const { warnings, effective } = loadConfig(sources);
          texts = [...warnings, JSON.stringify(effective)];
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
          texts = error.problems;
          assert.ok(texts.length > 0, 'a ConfigError without a problem');
          for (const line of texts) {
            assert.match(
              line,
              /SESSION_SIDECAR_|REDIS_URL|OTEL_|--[a-z-]+|^Expected --flags/,
              `names nothing: ${line}`,
            );
          }
        }
        for (const text of texts) assert.ok(!text.includes(secret), `repeats a secret: ${text}`);
      },
    }),
};

function sourcesOf(choices: Choices) {
  const env: Record<string, string> = {};
  const args: string[] = [];
  for (let count = 0; count < 12 && !choices.isOver; count += 1) {
    const value = valueOf(choices);
    switch (choices.below(8)) {
      case 0:
        args.push(choices.pick(flags), value);
        break;
      case 1:
        args.push(`${choices.pick(flags)}=${value}`);
        break;
      case 2:
        args.push(
          choices.pick([value, '--', '-x', '--none', '--no-log-level', '-', secret, `--redis-password=${secret}`]),
        );
        break;
      case 3:
      case 4:
        env[choices.pick([...secretVariables, 'REDIS_URL', 'OTEL_EXPORTER_OTLP_HEADERS'])] = choices.pick(secretValues);
        break;
      default:
        env[choices.pick(variables)] = value;
    }
  }
  return { env, args, readFile };
}

function valueOf(choices: Choices): string {
  if (choices.byte() < 180) return choices.pick(values);
  return choices.text(40);
}

function readFile(path: string): Buffer {
  if (path === '/file') return Buffer.from(`${secret}\n`);
  if (path === '/empty') return Buffer.alloc(0);
  throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
}
