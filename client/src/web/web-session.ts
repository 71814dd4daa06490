import { refusedProperty } from '../session/guarded-properties';
import type { ISession } from '../session/session';
import { habits } from './session-habits';
import type { Habitual, HabitsHost, WebSession } from './session-habits';
import type { SessionProperties } from './session-properties';

/** A session of which nothing is known but that its keys are strings. */
type AnySession = ISession<Record<string, unknown>>;

/**
 * Gives a session the habits of express-session.
 *
 * @param formerKeys keys that can be assigned as properties, beside those of `properties`
 */
export function webSession<T extends object>(
  session: ISession<T>,
  properties: SessionProperties,
  host: HabitsHost,
  formerKeys: ReadonlySet<string> = new Set(),
): WebSession<T> {
  const handler = new Properties(session, properties, host, formerKeys);
  return new Proxy(session, handler) as WebSession<T>;
}

const hint = '. If a library assigns it, list it in the option `properties` of sessions()';

/** What happens to the properties of a session: members are those of the session, the others are its keys. */
class Properties<T extends object> implements ProxyHandler<ISession<T>> {
  readonly #session: AnySession;
  readonly #properties: SessionProperties;
  readonly #host: HabitsHost;
  readonly #formerKeys: ReadonlySet<string>;
  /** What the object has kept since the application got another one. */
  #left: object | undefined;

  constructor(session: AnySession, properties: SessionProperties, host: HabitsHost, formerKeys: ReadonlySet<string>) {
    this.#session = session;
    this.#properties = properties;
    this.#host = host;
    this.#formerKeys = formerKeys;
  }

  get(_target: object, name: string | symbol, self: object): unknown {
    const session = this.#session;
    if (this.#isKey(name)) return this.#valueOf(name);
    if (Object.hasOwn(habits, name)) return habits[String(name)]!(this.#habitual(self));
    const value: unknown = Reflect.get(session, name, session);
    if (typeof value !== 'function') return value;
    return (...args: unknown[]): unknown => {
      const result: unknown = value.apply(session, args);
      return result instanceof Promise ? this.#host.track(result) : result;
    };
  }

  set(_target: object, name: string | symbol, value: unknown): boolean {
    const key = this.#writable('set', name);
    if (value === undefined) this.#session.delete(key);
    else this.#session.set(key, value);
    return true;
  }

  deleteProperty(_target: object, name: string | symbol): boolean {
    this.#session.delete(this.#writable('delete', name));
    return true;
  }

  has(target: object, name: string | symbol): boolean {
    return this.#isKey(name) ? this.#keys().includes(name) : name in target || Object.hasOwn(habits, name);
  }

  ownKeys(): string[] {
    return this.#keys().filter((name) => this.#isKey(name));
  }

  getOwnPropertyDescriptor(_target: object, name: string | symbol): PropertyDescriptor | undefined {
    if (!this.#isKey(name) || !this.#keys().includes(name)) return undefined;
    return { value: this.#valueOf(name), writable: true, enumerable: true, configurable: true };
  }

  defineProperty(_target: object, name: string | symbol): boolean {
    throw refusedProperty('set', name, hint);
  }

  preventExtensions(): boolean {
    return false;
  }

  /** @throws TypeError unless the property is a key that may be assigned and deleted */
  #writable(instead: 'set' | 'delete', name: string | symbol): string {
    if (this.#left !== undefined) {
      throw new TypeError(
        'Expected the session that the request has since `regenerate()`, not the one that it had before',
      );
    }
    const isKey = typeof name === 'string' && (this.#properties.isAssignable(name) || this.#formerKeys.has(name));
    if (!isKey) throw refusedProperty(instead, name, hint);
    return name;
  }

  /** Whether a property is a key rather than a member. What was left behind has nothing but keys. */
  #isKey(name: string | symbol): name is string {
    if (typeof name !== 'string') return false;
    return !this.#properties.isMember(name) || (this.#left !== undefined && Object.hasOwn(this.#left, name));
  }

  #keys(): string[] {
    return this.#left === undefined ? [...this.#session.keys()] : Object.keys(this.#left);
  }

  #valueOf(key: string): unknown {
    if (this.#left === undefined) return this.#session.get(key);
    return Object.hasOwn(this.#left, key) ? this.#left[key as never] : undefined;
  }

  #habitual(self: object): Habitual {
    return {
      session: this.#session as unknown as ISession<object>,
      host: this.#host,
      self,
      detach: (values) => (this.#left = values),
    };
  }
}
