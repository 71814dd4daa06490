import { randomBytes } from 'node:crypto';
import { fingerprintOf } from '../tokens/token';
import { usageError } from './cli-error';
import type { CommandDefinition } from './command';
import { integerOption, jsonOption } from './options';
import { settingOf } from './single-setting';

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

export const secretFingerprint: CommandDefinition = {
  name: 'secret fingerprint',
  summary: 'Print the fingerprints of the signing keys.',
  description: [
    'Reads the keys as `serve` does, from SESSION_SIDECAR_SIGNING_KEYS or its file, and prints the fingerprint of each in their order, the one of the key that signs first. Sessions record it while SESSION_SIDECAR_RECORD_SIGNING_KEY is on. It reveals nothing of the key.',
  ],
  options: [jsonOption()],
  examples: [
    { command: 'session-sidecar secret fingerprint', purpose: 'those of the keys in the environment' },
    {
      command: 'SESSION_SIDECAR_SIGNING_KEYS_FILE=old-keys session-sidecar secret fingerprint',
      purpose: 'those of keys in a file',
    },
  ],
  exits: ['ok', 'usage'],
  run: ({ env, readFile, output }) => {
    const keys = settingOf('signingKeys', { env, readFile });
    if (keys === undefined) throw usageError('Set SESSION_SIDECAR_SIGNING_KEYS or SESSION_SIDECAR_SIGNING_KEYS_FILE.');
    const fingerprints = keys.map(fingerprintOf);
    if (output.isJson) output.json({ fingerprints });
    else for (const fingerprint of fingerprints) output.line(fingerprint);
    return Promise.resolve('ok');
  },
};
