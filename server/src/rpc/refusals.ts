import { SessionError } from '../session/errors';
import { variable } from '../setting-names';
import type { SettingId } from '../setting-names';

/** Why a call is rejected or a connection closed, as counted by `session_sidecar_refusals_total`. */
export type RefusalLimit =
  | 'admin_calls'
  | 'admin_token'
  | 'api_token'
  | 'calls_in_flight'
  | 'compression'
  | 'connections'
  | 'frame'
  | 'handshake'
  | 'health_watches'
  | 'keepalive'
  | 'mutations'
  | 'paused'
  | 'pipelines'
  | 'reply_buffer'
  | 'request_buffer'
  | 'request_time'
  | 'streams'
  | 'watchers';

/** What counts them. */
export interface RefusalObserver {
  refused(limit: RefusalLimit): void;
}

/** The call was not started, because of a limit that a setting changes. */
export function overloaded(problem: string, limit: number, setting: SettingId): SessionError {
  const name = variable(setting);
  return new SessionError('OVERLOADED', `${problem} The call was not started. ${name} changes the limit.`, {
    metadata: { limit: String(limit), setting: name },
  });
}

/** The request exceeds what one request may cost. */
export function tooLarge(problem: string, limit: number, setting: SettingId): SessionError {
  const name = variable(setting);
  return new SessionError('REQUEST_TOO_LARGE', `${problem} Nothing was stored. ${name} changes the limit.`, {
    metadata: { limit: String(limit), setting: name },
  });
}

/** The call may have arrived long before it was read, and its caller may have stopped waiting. */
export function arrivedTooLongAgo(): SessionError {
  return new SessionError('OVERLOADED', 'The sidecar did not read the call in time. The call was not started.');
}

export function apiTokenInvalid(): SessionError {
  return new SessionError('API_TOKEN_INVALID', 'The `authorization` metadata of the call has no valid API token.');
}

export function draining(): SessionError {
  return new SessionError('DRAINING', 'The sidecar is shutting down. Nothing was stored.');
}
