/**
 * Makes an assignment to a property that a session does not have throw, because it would be lost without a word. It stands at the
 * end of the prototype chain, where only such assignments arrive: sessions themselves stay ordinary objects.
 */
// oxlint-disable-next-line typescript/no-extraneous-class -- its prototype is the point
export class GuardedProperties {}

Object.setPrototypeOf(
  GuardedProperties.prototype,
  new Proxy(Object.create(Object.prototype) as object, {
    set(_target, name) {
      throw refusedProperty('set', name);
    },
  }),
);

/** @param instead the method to use */
export function refusedProperty(instead: 'set' | 'delete', name: string | symbol, hint = ''): TypeError {
  const key = JSON.stringify(String(name));
  const use = instead === 'set' ? `set(${key}, …)` : `delete(${key})`;
  return new TypeError(
    `Expected \`${use}\`: a session keeps what its methods write, not what is done to its properties${hint}`,
  );
}
