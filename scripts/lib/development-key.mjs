import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

/**
 * Sessions in Redis need a signing key that outlives the sidecar. Creates one for this checkout, unless the environment has one,
 * and returns the variables that set it.
 */
export function developmentKey() {
  const { REDIS_URL, SESSION_SIDECAR_REDIS_URL, SESSION_SIDECAR_SIGNING_KEYS, SESSION_SIDECAR_SIGNING_KEYS_FILE } =
    process.env;
  if (!(REDIS_URL || SESSION_SIDECAR_REDIS_URL) || SESSION_SIDECAR_SIGNING_KEYS || SESSION_SIDECAR_SIGNING_KEYS_FILE)
    return {};
  const file = join(root, '.signing-keys');
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  console.log('SESSION_SIDECAR_SIGNING_KEYS is not set: using the key in .signing-keys, for development only.');
  return { SESSION_SIDECAR_SIGNING_KEYS_FILE: file };
}
