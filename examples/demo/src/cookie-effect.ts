/** What a response did to the session's cookie. Never the cookie's value, which is the token. */
export interface CookieEffect {
  /** `renewed`: the browser has the token already, and gets a new lifetime for it. */
  readonly action: 'set' | 'renewed' | 'deleted';
  readonly name: string;
  readonly attributes: readonly string[];
}

/**
 * Returns `undefined` if the response left the cookie alone.
 *
 * @param sent the `Set-Cookie` headers of the response
 * @param received the `Cookie` header of the request
 */
export function cookieEffectOf(
  sent: number | string | readonly string[] | undefined,
  received: string | undefined,
): CookieEffect | undefined {
  const cookie = [sent ?? []]
    .flat()
    .map(String)
    .find((each) => each.includes('session_sidecar='));
  if (cookie === undefined) return undefined;
  const [pair = '', ...attributes] = cookie.split('; ');
  const [name = '', value] = pair.split('=');
  const isKnown = received?.split('; ').includes(pair);
  return { action: value === '' ? 'deleted' : isKnown ? 'renewed' : 'set', name, attributes };
}
