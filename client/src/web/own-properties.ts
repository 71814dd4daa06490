/** Returns a function that makes an object's own properties what they are now. */
export function rememberProperties<Name extends string>(
  object: Partial<Record<Name, unknown>>,
  names: readonly Name[],
): () => void {
  const own = names.filter((name) => Object.hasOwn(object, name));
  const remembered = own.map((name) => [name, Object.getOwnPropertyDescriptor(object, name)!] as const);
  return () => {
    for (const name of names) Reflect.deleteProperty(object, name);
    for (const [name, descriptor] of remembered) Object.defineProperty(object, name, descriptor);
  };
}
