/** What decides, when the headers of a response are sent, whether they change the cookie. See cookie.ts for how it is written. */
export interface CookieFacts {
  /** The token of the session that was loaded for the request; `undefined`: none, or it had ended. */
  readonly arrived: string | undefined;
  /** The session's token when the response's headers are sent; `undefined`: it is not stored. */
  readonly current: string | undefined;
  /** Whether the session is another one than the one that was loaded. */
  readonly isNew: boolean;
  /** Whether the browser gets its token again, with a new lifetime. Default: no. */
  readonly isRenewed?: boolean;
  /** Whether the response reports a failure: status 500 or above. */
  readonly failed: boolean;
  /** Whether a new session gets its cookie even if the response reports a failure. */
  readonly cookieOnException: boolean;
}

/**
 * Decides what a response does to the cookie.
 *
 * It is set only if the browser does not have the token yet, or gets a new lifetime for it. It is deleted only if this request
 * itself has ended the session that was loaded, and started no other. The cookie of a session that had ended before is left
 * alone: a parallel request may just have regenerated the token, and the browser may already have that request's cookie, which
 * would be lost.
 */
export function decideCookie(facts: CookieFacts): 'set' | 'delete' | 'none' {
  const { arrived, current, isRenewed = false, failed, cookieOnException } = facts;
  if (current !== undefined && current !== arrived && !isWithheld(facts)) return 'set';
  const ended = arrived !== undefined && current !== arrived;
  if (ended) return 'delete';
  return current !== undefined && isRenewed && (cookieOnException || !failed) ? 'set' : 'none';
}

/**
 * Whether a session gets no cookie because the response reports a failure. Applies only to new sessions: an existing one whose
 * token was regenerated would become unreachable.
 */
export function isWithheld({
  isNew,
  failed,
  cookieOnException,
}: Pick<CookieFacts, 'isNew' | 'failed' | 'cookieOnException'>): boolean {
  return isNew && failed && !cookieOnException;
}

export interface RenewalFacts {
  /** Whether the cookie is renewed while the session is used. */
  readonly rolling: boolean;
  /** Whether the browser was to keep the cookie when the session was loaded, and is to keep it now. */
  readonly persisted: boolean;
  readonly persists: boolean;
  /** The request's header `Sec-Fetch-Mode`. Older browsers do not send it, and none does over http. */
  readonly fetchMode: string | undefined;
}

/**
 * Whether the browser needs its token again. A page renews the cookie. What its scripts fetch does not: such requests run in
 * parallel to others that may replace the token, and would bring the old one back.
 */
export function needsRenewal({ rolling, persisted, persists, fetchMode }: RenewalFacts): boolean {
  if (persisted !== persists) return true;
  return rolling && persists && (fetchMode === undefined || fetchMode === 'navigate');
}
