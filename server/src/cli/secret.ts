import { randomBytes } from 'node:crypto';
import type { CommandDefinition } from './command';
import { integerOption, jsonOption } from './options';

const keyBytes = 32;

export const newSecret: CommandDefinition = {
  name: 'secret new',
  summary: 'Print a new key, to sign tokens or to encrypt sessions.',
  description: [
    'The key is 32 random bytes in base64, as SESSION_SIDECAR_SIGNING_KEYS, SESSION_SIDECAR_ENCRYPTION_KEYS and their files take them. It is not stored anywhere. Use each key for one of them.',
  ],
  options: [integerOption('--count <number>', 'how many keys to print, one per line', 1, 100).default(1), jsonOption()],
  examples: [
    {
      command: 'export SESSION_SIDECAR_SIGNING_KEYS=$(session-sidecar secret new)',
      purpose: 'sign tokens with a new key',
    },
    {
      command: 'session-sidecar secret new > encryption-keys',
      purpose: 'a file for SESSION_SIDECAR_ENCRYPTION_KEYS_FILE',
    },
    { command: 'session-sidecar secret new > signing-keys', purpose: 'a file for SESSION_SIDECAR_SIGNING_KEYS_FILE' },
  ],
  exits: ['ok', 'usage'],
  run: ({ options, output }) => {
    const keys = Array.from({ length: options['count'] as number }, () => randomBytes(keyBytes).toString('base64'));
    if (output.isJson) output.json({ keys });
    else for (const key of keys) output.line(key);
    return Promise.resolve('ok');
  },
};
