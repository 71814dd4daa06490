import { status } from '@grpc/grpc-js';
import type { Dispatch } from './dispatcher';
import { reasonOf } from './status';

/** A failed call, by names from closed sets. */
export interface CallFailure {
  readonly method: string;
  /** As gRPC spells it. */
  readonly status: string;
  /** `undefined`: gRPC's own failure, such as a deadline. */
  readonly reason: string | undefined;
}

/** The same RPCs, with every failure reported as its caller sees it. */
export function reportFailures(
  dispatchers: ReadonlyMap<string, Dispatch>,
  onFailure: (failure: CallFailure) => void,
): ReadonlyMap<string, Dispatch> {
  const reporting = (method: string, dispatch: Dispatch): Dispatch => {
    return async (request, call) => {
      const outcome = await dispatch(request, call);
      if (!('error' in outcome)) return outcome;
      // Its caller no longer waits for anything else.
      if (call.deadlineExceeded) onFailure({ method, status: 'DEADLINE_EXCEEDED', reason: undefined });
      else onFailure({ method, status: status[outcome.error.code] ?? 'UNKNOWN', reason: reasonOf(outcome.error) });
      return outcome;
    };
  };
  return new Map([...dispatchers].map(([method, dispatch]) => [method, reporting(method, dispatch)]));
}
