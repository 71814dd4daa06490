import { failureOf, hasStatus } from './failure';
import type { RequestSession } from './request-session';

/**
 * Saves the session, and returns the response with the headers that this needs. Rejects if it could not be saved.
 *
 * @param response may be one whose headers cannot be changed, such as `Response.redirect()`
 */
export async function finishResponse<T extends object>(
  session: RequestSession<T>,
  response: Response,
  isHttps: boolean,
): Promise<Response> {
  await session.beforeHeaders(response.status);
  const { status, statusText } = response;
  // A network error or a change of protocol, of which no copy can be made.
  if (status < 200) return response;
  const headers = new Headers(response.headers);
  session.writeHeaders({ headers, status, isHttps });
  return new Response(response.body, { status, statusText, headers });
}

/**
 * The response to a request that failed because of its session or its CSRF token; what was written and not saved is lost. Throws an error of any
 * other kind again.
 */
export async function failureResponse<T extends object>(
  session: RequestSession<T>,
  error: unknown,
  isHttps: boolean,
): Promise<Response> {
  if (!hasStatus(error)) {
    await session.abandon();
    throw error as Error;
  }
  const { status, text } = failureOf(error);
  const headers = new Headers({ 'Content-Type': 'text/plain' });
  session.writeHeaders({ headers, status, isHttps });
  return new Response(text, { status, headers });
}
