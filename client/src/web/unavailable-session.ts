import { SessionError } from '../errors/session-error';
import type { ISession } from '../session/session';
import type { CallOptions } from '../transport/call-options';

type Member = keyof ISession<object>;

/** Methods that change something at once, and the one whose answer would blame the visitor. */
const refused: ReadonlySet<unknown> = new Set<Member>([
  'changed',
  'checkCsrfToken',
  'clear',
  'delete',
  'flash',
  'pop',
  'popItem',
  'set',
  'setDefault',
  'setIdleTimeout',
  'setLabel',
  'setSubject',
  'update',
]);

/** Methods that change something and return a promise, and so reject rather than throw. */
const calls: ReadonlySet<unknown> = new Set<Member>([
  'csrfToken',
  'newCsrfToken',
  'regenerate',
  'reload',
  'save',
  'transform',
]);

/** What tells who the visitor is. The other members, such as `handle`, are for logs. */
const properties: ReadonlySet<unknown> = new Set<Member>(['isNew', 'origin', 'size', 'state', 'subject']);
const readMethods: ReadonlySet<unknown> = new Set<Member>([
  Symbol.iterator,
  'entries',
  'has',
  'keys',
  'toObject',
  'values',
]);
const readCalls: ReadonlySet<unknown> = new Set<Member>(['peekFlash', 'popFlash']);

export interface UnavailableOptions {
  /** Whether the application knows of the error. Default: true. */
  readonly isReported?: boolean;
  /** Ends the session that could not be loaded. Default: rejects with the error. */
  readonly end?: (options?: CallOptions) => Promise<void>;
}

/**
 * Stands for a session that could not be loaded. Writing fails with `error`, because a write would be lost or, worse, start another
 * session for the visitor. So does checking a CSRF token, because the right one is unknown. So does the first use for reading, unless
 * the error is reported, because the visitor must not be mistaken for a new one; after that, it reads as empty, for error pages.
 * invalidate() ends the session, and makes this an ordinary new one.
 *
 * @param empty a new session, which is not stored
 */
export function unavailableSession<T extends object>(
  empty: ISession<T>,
  error: unknown,
  { isReported = true, end = () => Promise.reject(error) }: UnavailableOptions = {},
): ISession<T> {
  let hasEnded = false;
  const fail = (): never => {
    isReported = true;
    throw error as Error;
  };
  /** A promise looks for `then` in what it resolves to, which here is looked for among the keys. */
  const get = (key: unknown): undefined => (key === 'then' ? undefined : fail());
  // oxlint-disable-next-line typescript/require-await -- it rejects rather than throwing
  const reject = async (): Promise<never> => fail();
  const invalidate = async (options?: CallOptions): Promise<void> => {
    try {
      await end(options);
      hasEnded = true;
    } catch (failure) {
      isReported = true;
      throw failure;
    }
  };
  const refusalOf = (key: unknown): ((...args: never) => unknown) | undefined => {
    if (calls.has(key) || (readCalls.has(key) && !isReported)) return reject;
    if (refused.has(key)) return fail;
    if (isReported) return undefined;
    return key === 'get' ? get : readMethods.has(key) ? fail : undefined;
  };
  return new Proxy(empty, {
    get(target, key) {
      if (!hasEnded) {
        if (key === 'invalidate') return invalidate;
        const refusal = refusalOf(key);
        if (refusal !== undefined) return refusal;
        if (properties.has(key) && !isReported) fail();
      }
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Whether it is only this session that cannot be loaded, because the sidecar cannot read its record. */
export function isDamaged(error: unknown): boolean {
  return SessionError.is(error) && error.code === 'INTERNAL';
}
