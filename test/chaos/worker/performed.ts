import type { CallOptions } from '@session-sidecar/client';
import type { Call, Success } from '../history';

export interface Performed extends Success {
  /** The new token, if the call made one. */
  readonly token?: string;
  readonly handle?: string;
  /** The lease that was acquired. */
  readonly held?: Held;
}

export interface Held {
  readonly fence: number;
  /** The list as it was when the lease began. */
  readonly locked: readonly string[];
}

/** A typed session could not be used, although no call of the client failed. Nothing was changed. */
export class NotPerformed extends Error {
  override readonly name = 'NotPerformed';

  constructor(readonly code: string) {
    super(code);
  }
}

export interface Performance {
  readonly id: string;
  readonly call: Call;
  readonly token: string;
  readonly idleTimeoutMs: number | undefined;
  readonly held: Held | undefined;
  readonly exceptToken: string | undefined;
  readonly options: CallOptions;
}
