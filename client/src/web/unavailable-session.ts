import type { ISession } from '../session/session';

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
  'setSubject',
  'update',
]);

/** Methods that change something and return a promise, and so reject rather than throw. */
const calls: ReadonlySet<unknown> = new Set<Member>([
  'csrfToken',
  'invalidate',
  'newCsrfToken',
  'regenerate',
  'reload',
  'save',
  'transform',
]);

/**
 * Stands for a session that could not be loaded. Reading finds nothing; writing fails with `error`, because a write would be lost
 * or, worse, start another session for the visitor. So does checking a CSRF token, because the right one is unknown.
 *
 * @param empty a new session, which is not stored
 */
export function unavailableSession<T extends object>(empty: ISession<T>, error: unknown): ISession<T> {
  return new Proxy(empty, {
    get(target, key) {
      if (calls.has(key)) return () => Promise.reject(error);
      if (refused.has(key)) {
        return () => {
          throw error as Error;
        };
      }
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
