import { status } from '@grpc/grpc-js';
import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import type { Logger } from 'pino';
import type { Dispatch, Outcome } from './dispatcher';
import { reasonOf } from './status';

export interface CallLogParts {
  readonly logger: Logger;
  /** The handle in a genuine token; `undefined` for any other text. */
  readonly handleOf: (token: string) => string | undefined;
  /** Whether the level may change while the sidecar runs. Default: no. */
  readonly levelCanChange?: boolean | undefined;
}

type Dispatchers = ReadonlyMap<string, Dispatch>;

/** The same RPCs, with one log line per call at level debug. At other levels that do not change, unchanged. */
export function logCalls(dispatchers: Dispatchers, parts: CallLogParts): Dispatchers {
  const { logger, handleOf, levelCanChange = false } = parts;
  if (levelCanChange)
    return new Map([...dispatchers].map(([method, dispatch]) => [method, loggedAtDebug(method, dispatch)]));
  if (!logger.isLevelEnabled('debug')) return dispatchers;
  return new Map([...dispatchers].map(([method, dispatch]) => [method, logged(method, dispatch)]));

  function loggedAtDebug(method: string, dispatch: Dispatch): Dispatch {
    const withLine = logged(method, dispatch);
    return (request, call) => (logger.isLevelEnabled('debug') ? withLine : dispatch)(request, call);
  }

  function logged(method: string, dispatch: Dispatch): Dispatch {
    const types = Object.values(SessionServiceDefinition.methods).find(({ name }) => name === method);
    return async (request, call) => {
      const began = performance.now();
      let isLogged = false;
      const log = (statusName: string, fields: object): void => {
        if (isLogged) return;
        isLogged = true;
        const milliseconds = Math.round((performance.now() - began) * 1000) / 1000;
        logger.debug({ method, status: statusName, durationMs: milliseconds, ...fields }, 'call');
      };
      call.signal.addEventListener('abort', () => {
        log(call.isCancelledByDeadline ? 'DEADLINE_EXCEEDED' : 'CANCELLED', { handle: handleIn(types, request) });
      });
      const outcome = await dispatch(request, call);
      const handle = handleIn(types, request) ?? newHandleIn(types, outcome);
      if ('response' in outcome) log('OK', { handle });
      else log(status[outcome.error.code] ?? 'UNKNOWN', { handle, reason: reasonOf(outcome.error) });
      return outcome;
    };
  }

  function handleIn(types: Types | undefined, request: Uint8Array): string | undefined {
    const { token } = decoded(types?.requestType, request) as { readonly token?: string };
    return token === undefined ? undefined : handleOf(token);
  }
}

type Types = (typeof SessionServiceDefinition.methods)[keyof typeof SessionServiceDefinition.methods];

/** The handle of a session that was just created. */
function newHandleIn(types: Types | undefined, outcome: Outcome): string | undefined {
  if (!('response' in outcome)) return undefined;
  return (decoded(types?.responseType, outcome.response) as { readonly session?: { handle: string } }).session?.handle;
}

/** @param bytes that were decoded before, or rejected */
function decoded(type: { decode(bytes: Uint8Array): object } | undefined, bytes: Uint8Array): object {
  if (bytes.length > maxDecodedBytes) return {};
  try {
    return type?.decode(bytes) ?? {};
  } catch {
    return {};
  }
}

/** In bytes. Larger calls are logged without a handle. */
const maxDecodedBytes = 64 * 1024;
