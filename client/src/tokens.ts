import type { SessionError } from './errors/session-error';

/** The token is the request's only field, so an invalid request means an invalid token. */
export function isNoToken({ code }: SessionError): boolean {
  return code === 'TOKEN_INVALID' || code === 'INVALID_ARGUMENT';
}

/** Each token costs a call. */
const maxTokens = 3;

export function tokensOf(token: unknown): readonly string[] {
  const tokens: readonly unknown[] = Array.isArray(token) ? token : [token ?? ''];
  for (const each of tokens) {
    if (typeof each !== 'string') {
      throw new TypeError(`Expected \`token\` to be a string, an array of strings or undefined, got ${typeof each}`);
    }
  }
  const tried: string[] = [];
  for (const each of tokens as readonly string[]) {
    if (each !== '' && tried.length < maxTokens && !tried.includes(each)) tried.push(each);
  }
  return tried;
}
