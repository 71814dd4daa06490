import { CallCredentials, Metadata } from '@grpc/grpc-js';
import type { ApiToken } from './api-token';

export interface LateMetadata {
  /** When the call ends, by `performance.now()`; `undefined`: no deadline. */
  readonly deadline?: number | undefined;
  readonly apiToken: ApiToken | undefined;
  /** Called each time the call is about to be sent. A call for which this was not called has not left. */
  readonly onSend?: (() => void) | undefined;
}

/**
 * The metadata that is made when a connection is there and the call is about to be sent, however long it has waited for one.
 *
 * `grpc-timeout` is among it because grpc-js would compute it, and end the call, by the wall clock.
 */
export function callCredentials({ deadline, apiToken, onSend }: LateMetadata): CallCredentials {
  return CallCredentials.createFromMetadataGenerator((_, callback) => {
    onSend?.();
    const metadata = new Metadata();
    if (deadline !== undefined) metadata.set('grpc-timeout', timeoutOf(deadline - performance.now()));
    const token = apiToken?.current();
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
    callback(null, metadata);
  });
}

/** At most eight digits and a unit, as gRPC writes it. */
function timeoutOf(milliseconds: number): string {
  const rounded = Math.max(0, Math.ceil(milliseconds));
  return rounded < 1e8 ? `${rounded}m` : `${Math.ceil(rounded / 1000)}S`;
}
