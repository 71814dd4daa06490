import { isSessionMember } from './session-properties';

/**
 * Makes a function that loads a session refuse to be used as if it were the session: what is assigned to it would be lost, or
 * shared between requests.
 */
export function guardedLoader<Load extends (...args: never) => unknown>(load: Load): Load {
  return new Proxy<Load>(load, guard);
}

const guard: ProxyHandler<object> = {
  get(target, name, receiver) {
    if (typeof name === 'string' && isSessionMember(name) && !(name in target)) throw refusal(name);
    return Reflect.get(target, name, receiver) as unknown;
  },
  set(_target, name) {
    throw refusal(String(name));
  },
};

function refusal(name: string): TypeError {
  return new TypeError(
    `Expected \`${name}\` to be used on the loaded session: call this function and await what it returns first`,
  );
}
