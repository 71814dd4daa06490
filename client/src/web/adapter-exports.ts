/* What every adapter exports beside its own. */

export { CsrfError } from './csrf';
export type { CsrfOptions } from './csrf';
export { csrfToken } from './csrf-token';
export type { CookieOptions } from './cookie';
export type { FormerCookieOptions } from './former-cookie';
export type { SessionCookie } from './session-cookie';
export type { SessionResponseOptions, WebSessionOptions } from './session-options';
export type { SessionCallback, WebSession } from './session-habits';
