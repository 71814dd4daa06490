import { readFileSync } from 'node:fs';

export interface ApiTokenOptions {
  /** The API token that the sidecar asks for (`SESSION_SIDECAR_API_TOKENS`). Default: none. */
  readonly apiToken?: string | undefined;
  /**
   * The path of a file with the API token: its first word counts. It is read again when the sidecar refuses the token, so
   * a token is rotated by writing the file. Default: none. Not together with `apiToken`.
   */
  readonly apiTokenFile?: string | undefined;
}

/** What proves to the sidecar that its caller may call it. Nothing here prints it. */
export interface ApiToken {
  current(): string;
  /** Whether {@link reload} can find another one. */
  readonly canChange: boolean;
  /** Reads the file again, if it comes from one. Keeps what it has when that fails. */
  reload(): void;
}

/** @throws TypeError for a token that cannot be one; Error when the file cannot be read. */
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
        // Files are replaced in more than one step. If the sidecar does not take the old token, the call says so.
      }
    },
  };
}

function readToken(path: string): string {
  // Commas and line breaks separate tokens in the file of the sidecar, which may be the same.
  const [token = ''] = readFileSync(path, 'utf8')
    .trim()
    .split(/[\s,]+/);
  assertApiToken(token, `\`apiTokenFile\` ${path}`);
  return token;
}

/** @param name what to call it: a message must not contain the token itself */
function assertApiToken(token: unknown, name: string): asserts token is string {
  if (typeof token === 'string' && /^[\x21-\x2b\x2d-\x7e]+$/.test(token)) return;
  throw new TypeError(`Expected ${name} to be printable ASCII without spaces and commas`);
}
