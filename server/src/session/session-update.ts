import type { Limits } from './limits';
import type { FieldViolation } from './violations';

/** One step of a change to a session's content. The JSON texts are opaque except to `append` and `increment`. */
export type Mutation =
  | { readonly kind: 'set'; readonly key: string; readonly value: Buffer }
  | { readonly kind: 'set_if_absent'; readonly key: string; readonly value: Buffer }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'take'; readonly key: string }
  | { readonly kind: 'clear' }
  | { readonly kind: 'append'; readonly key: string; readonly value: Buffer; readonly unlessPresent: boolean }
  | { readonly kind: 'increment'; readonly key: string; readonly by: number }
  | { readonly kind: 'push_flash'; readonly queue: string; readonly message: Buffer; readonly unlessPresent: boolean }
  | { readonly kind: 'pop_flash'; readonly queue: string };

export interface MutationResult {
  /** Whether the mutation changed the session. */
  readonly applied: boolean;
  /** The value that `set_if_absent` found or stored, `take` removed, or `increment` computed. */
  readonly value?: Buffer;
  /** The messages that `pop_flash` took, oldest first. */
  readonly messages?: readonly Buffer[];
}

/** Everything one atomic update does to a session. Absent fields stay as they are. */
export interface SessionUpdate {
  readonly mutations?: readonly Mutation[];
  /** Reject the change unless the session is at this version. */
  readonly ifVersion?: number | undefined;
  /** Reject the change unless the session is leased under this fence. */
  readonly fence?: number | undefined;
  /** The session's own idle timeout from now on, in milliseconds; `'never'`: it no longer expires by being idle. */
  readonly idleTimeout?: number | 'never' | undefined;
  /** The empty string: none. */
  readonly subject?: string | undefined;
  /** The empty string: none. */
  readonly label?: string | undefined;
  readonly csrfToken?: string | undefined;
  /** SHA-256 of the new secret, in base64url: the old token is invalid from now on, or once its grace is over. */
  readonly secretHash?: string | undefined;
  /** With `secretHash`: the fingerprint of the key that signed the new token. The empty string: not recorded. */
  readonly signingKey?: string | undefined;
  /** With `secretHash`: for how many milliseconds the old token still finds the session. Default: not at all. */
  readonly graceMs?: number | undefined;
}

/** Whether an update changes more than the content of a session. Anything of that makes a new version. */
export function changesTerms({ idleTimeout, subject, label, csrfToken, secretHash }: SessionUpdate): boolean {
  return [idleTimeout, subject, label, csrfToken, secretHash].some((part) => part !== undefined);
}

/** Whether mutations can change the data of a session, and not only its flash messages. */
export function changesData(mutations: readonly Mutation[]): boolean {
  return mutations.some(({ kind }) => kind !== 'push_flash' && kind !== 'pop_flash');
}

/** Why a store rejected a change. Nothing was stored. */
export type Refusal =
  | { readonly kind: 'limit'; readonly limit: keyof Limits }
  /** `mutation` is the index, in `mutations`, of the one that cannot be applied to the value of its key. */
  | { readonly kind: 'operand'; readonly mutation: number; readonly problem: OperandProblem }
  /** The data would not be what it must be. */
  | { readonly kind: 'schema'; readonly violations: readonly FieldViolation[] };

export type OperandProblem = 'no_json_array' | 'no_json_integer' | 'integer_overflow';
