import { ConfigError, loadConfig } from '../../../server/src/config';
import type { LoadedConfig } from '../../../server/src/config/load-config';

export interface Given {
  /** Variables; those of this product without their prefix. */
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Whether variables have their whole names. */
  readonly literal?: boolean;
  /** Contents by path. */
  readonly files?: Readonly<Record<string, string>>;
}

export const signingKey = Buffer.alloc(32, 'k').toString('base64');

export function load({ env = {}, args = [], files = {}, literal = false }: Given = {}): LoadedConfig {
  return loadConfig({
    env: Object.fromEntries(Object.entries(env).map(([name, text]) => [literal ? name : variable(name), text])),
    args,
    readFile: (path) => {
      const content = files[path];
      if (content === undefined)
        throw Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: 'ENOENT' });
      return Buffer.from(content);
    },
  });
}

/** @returns what is wrong, each with where in front; empty when nothing is. */
export function problemsOf(given: Given): readonly string[] {
  try {
    load(given);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

function variable(name: string): string {
  return name === 'REDIS_URL' || name.startsWith('SESSION_SIDECAR_') ? name : `SESSION_SIDECAR_${name}`;
}
