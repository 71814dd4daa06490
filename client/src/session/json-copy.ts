/** @param value as `JSON.parse()` returns them */
export function copyJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const { length } = value;
    const copy: unknown[] = [];
    for (let index = 0; index < length; index++) copy.push(copyJson(value[index]));
    return copy;
  }
  const from = value as Record<string, unknown>;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(from)) {
    // Assigning to this name would set the prototype.
    if (key === '__proto__') define(copy, key, copyJson(from[key]));
    else copy[key] = copyJson(from[key]);
  }
  return copy;
}

function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** What V8 needs on a 64-bit machine, in bytes: headers, and what it adds to them for each element, property and name. */
const sizes = { number: 16, string: 24, array: 56, element: 8, object: 80, property: 16, name: 100 } as const;

/**
 * The memory that a value takes, approximately, in bytes. Names of properties count once: objects of the same shape share them.
 *
 * @param value as `JSON.parse()` returns them
 */
export function jsonBytes(value: unknown): number {
  return bytesOf(value, new Set());
}

function bytesOf(value: unknown, names: Set<string>): number {
  if (typeof value === 'string') return stringBytes(value);
  if (typeof value === 'number') return sizes.number;
  if (typeof value !== 'object' || value === null) return 0;
  if (Array.isArray(value)) {
    let bytes = sizes.array;
    for (const element of value) bytes += sizes.element + bytesOf(element, names);
    return bytes;
  }
  let bytes = sizes.object;
  for (const [name, property] of Object.entries(value)) {
    bytes += sizes.property + bytesOf(property, names);
    if (names.has(name)) continue;
    names.add(name);
    bytes += sizes.name + stringBytes(name);
  }
  return bytes;
}

function stringBytes(text: string): number {
  return sizes.string + (/^[\0-\xff]*$/.test(text) ? text.length : 2 * text.length);
}
