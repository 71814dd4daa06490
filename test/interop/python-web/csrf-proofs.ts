/** A request that changes something, with what it carries as proof that it comes from the application's own pages. */
export interface CsrfProof {
  readonly name: string;
  readonly status: number;
  readonly headers?: (token: string, url: string) => Record<string, string>;
  readonly field?: (token: string) => string;
  /** Whether the token is that of the session. Default: yes. */
  readonly isOwn?: boolean;
}

const token = (text: string) => ({ 'X-CSRF-Token': text });

export const csrfProofs: readonly CsrfProof[] = [
  { name: 'passes with the token as a field', status: 200, field: (text) => text },
  { name: 'passes with the token as a header', status: 200, headers: token },
  {
    name: 'passes with the token from its own origin',
    status: 200,
    headers: (text, url) => ({ ...token(text), Origin: new URL(url).origin }),
  },
  {
    name: 'passes with the token from a trusted origin',
    status: 200,
    headers: (text) => ({ ...token(text), Origin: 'https://trusted.example' }),
  },
  { name: 'is refused without a token', status: 403 },
  { name: 'is refused with another token', status: 403, field: () => 'guessed' },
  { name: 'is refused with the token of another session', status: 403, headers: token, isOwn: false },
  {
    name: 'is refused from another origin, with a token',
    status: 403,
    headers: (text) => ({ ...token(text), Origin: 'https://evil.example' }),
  },
  {
    name: 'is refused from another site, with a token',
    status: 403,
    headers: (text) => ({ ...token(text), 'Sec-Fetch-Site': 'cross-site' }),
  },
];
