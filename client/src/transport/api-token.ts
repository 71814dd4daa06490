import { readFileSync } from 'node:fs';

export interface ApiTokenOptions {
  /** The API token, for a sidecar that requires one (`SESSION_SIDECAR_API_TOKENS`). Default: none. */
  readonly apiToken?: string | undefined;
  /**
   * The path of a file whose first word is the API token. It is read again when the sidecar rejects the token, so a token is
   * rotated by writing the file. Excludes `apiToken`. Default: none.
   */
  readonly apiTokenFile?: string | undefined;
}

/** Authenticates the client to the sidecar. Must never be logged. */
export interface ApiToken {
  current(): string;
  /** Whether {@link reload} can find another token. */
  readonly canChange: boolean;
  /** Reads the file again, if there is one. Keeps the old token if that fails. */
  reload(): void;
}

/** @throws TypeError for an invalid token or two of them; the error of `node:fs` if the file cannot be read. */
export function resolveApiToken({ apiToken, apiTokenFile }: ApiTokenOptions): ApiToken | undefined {
  if (apiToken !== undefined && apiTokenFile !== undefined) {
    throw new TypeError('Expected `apiToken` or `apiTokenFile`, got both');
  }
  if (apiToken !== undefined) {
    assertApiToken(apiToken, '`apiToken`');
    return { current: () => apiToken, canChange: false, reload: () => {} };
  }
  if (apiTokenFile === undefined) return undefined;
  let token = readToken(apiTokenFile);
  return {
    current: () => token,
    canChange: true,
    reload() {
      try {
        token = readToken(apiTokenFile);
      } catch {
        // The file may be half written. If the sidecar rejects the old token, the call fails with API_TOKEN_INVALID.
      }
    },
  };
}

function readToken(path: string): string {
  // The sidecar may use the same file, where commas and line breaks separate tokens.
  const [token = ''] = readFileSync(path, 'utf8')
    .trim()
    .split(/[\s,]+/);
  assertApiToken(token, `\`apiTokenFile\` ${path}`);
  return token;
}

/** @param name its name for the message, which must not contain the token itself */
function assertApiToken(token: unknown, name: string): asserts token is string {
  if (typeof token === 'string' && /^[\x21-\x2b\x2d-\x7e]+$/.test(token)) return;
  throw new TypeError(`Expected ${name} to be printable ASCII without spaces and commas`);
}
