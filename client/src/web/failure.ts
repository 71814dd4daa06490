import { STATUS_CODES } from 'node:http';
import { SessionError } from '../errors/session-error';
import { CsrfError } from './csrf';

/** Whether an error says which status the response gets. */
export function hasStatus(error: unknown): error is CsrfError | SessionError {
  return SessionError.is(error) || error instanceof CsrfError;
}

/** The response to a request that has failed, as plain text. */
export function failureOf(error: unknown): { readonly status: number; readonly text: string } {
  const status = hasStatus(error) ? error.status : 500;
  // Messages of other errors are for the log.
  return { status, text: error instanceof CsrfError ? error.message : STATUS_CODES[status]! };
}

/** Such a response is not replaced, least of all the error page of a save that has failed before. */
export function reportsFailure(status: number): boolean {
  return status >= 400;
}

export function tooLate(): Error {
  return new Error(
    'The session was started or regenerated after the headers of the response were sent, too late for its cookie. Write to the session before sending anything.',
  );
}
