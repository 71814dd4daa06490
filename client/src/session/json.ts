import { isDeepStrictEqual } from 'node:util';

/** Any value that JSON can hold. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/**
 * `T` with `never` in place of everything that JSON cannot hold: Date, Map, functions, bigint, symbols, classes with methods,
 * `undefined` in arrays. `any` and `unknown` are accepted; their values are checked when they are stored.
 */
export type Json<T> = unknown extends T
  ? T
  : T extends JsonValue // required: the recursion through JsonValue itself would not end
    ? T
    : T extends undefined | bigint | symbol | ((...args: never) => unknown) | (abstract new (...args: never) => unknown)
      ? never
      : T extends readonly unknown[]
        ? JsonArray<T>
        : JsonObject<T>;

/**
 * {@link Json} for objects. A property may be `undefined`: it is omitted, as `JSON.stringify` does, so an optional property
 * that was set to `undefined` is absent when read back.
 */
export type JsonObject<T> = {
  [K in keyof T]: K extends symbol ? never : Json<Exclude<T[K], undefined>> | Extract<T[K], undefined>;
};

type JsonArray<T extends readonly unknown[]> = { [I in keyof T]: Json<T[I]> };

/** The maximum nesting of arrays and objects. JSON.stringify() fails at some thousands, depending on the stack. */
export const maxDepth = 1000;

const quote = 0x22;
const backslash = 0x5c;
/** An ASCII brace is the bracket with this bit set. */
const braceBit = 0x20;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Whether a JSON text is nested deeper than {@link maxDepth}. Looks only at brackets outside strings. */
export function isTooDeep(text: string): boolean {
  if (text.length <= 2 * maxDepth) return false;
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === quote) {
      index = closingQuote(text, index);
    } else if ((code | braceBit) === openBrace) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if ((code | braceBit) === closeBrace) {
      depth -= 1;
    }
  }
  return false;
}

/** Searched for, not walked to: large values are mostly long strings. */
function closingQuote(text: string, openingQuote: number): number {
  let index = openingQuote;
  do {
    index = text.indexOf('"', index + 1);
    if (index === -1) return text.length;
  } while (isEscaped(text, index));
  return index;
}

function isEscaped(text: string, index: number): boolean {
  let start = index;
  while (text.charCodeAt(start - 1) === backslash) start -= 1;
  return (index - start) % 2 === 1;
}

/** Strings, to skip what they contain, and numbers. */
const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Whether a JSON text has an integer that `JSON.parse` changes, because it is past 2^53. */
export function hasInexactInteger(text: string): boolean {
  // Most texts have no number that is long enough.
  if (!/\d{16}/.test(text)) return false;
  const integers = (text.match(tokens) ?? []).filter((token) => /^-?\d{16,}$/.test(token));
  return integers.some((integer) => !Number.isFinite(Number(integer)) || BigInt(integer) !== BigInt(Number(integer)));
}

/** Numbers whose digits or exponent `JSON.parse` may change. */
const inexactNumber = /\d[\d.]{15}|\d[eE][+-]?\d{3}/;

/**
 * Whether two JSON texts have the same value, as the sidecar compares flash messages: {"a":1,"b":2} and {"b":2,"a":1.0} have. Unlike the
 * sidecar, it compares texts with numbers that JavaScript may not hold exactly character by character.
 */
export function haveSameValue(one: string, other: string): boolean {
  if (one === other) return true;
  if ([one, other].some((text) => inexactNumber.test(text) || isTooDeep(text))) return false;
  try {
    return isDeepStrictEqual(parseWithoutNegativeZero(one), parseWithoutNegativeZero(other));
  } catch {
    return false;
  }
}

function parseWithoutNegativeZero(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => (value === 0 ? 0 : value));
}

/**
 * Accepts values that `JSON.parse(JSON.stringify(value))` returns unchanged, apart from properties that are `undefined`.
 *
 * @throws TypeError naming the path of anything else, such as `cart[2].when`
 */
export function assertJson(value: unknown, path: string): void {
  check(value, path, []);
}

function check(value: unknown, path: string, parents: object[]): void {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return;
    case 'number':
      if (!Number.isFinite(value)) refuse(path, String(value));
      return;
    case 'object':
      if (value !== null) checkObject(value, path, parents);
      return;
    case 'undefined':
      return refuse(path, 'undefined');
    case 'bigint':
      return refuse(path, 'a bigint');
    case 'symbol':
      return refuse(path, 'a symbol');
    case 'function':
      return refuse(path, 'a function');
  }
}

function checkObject(value: object, path: string, parents: object[]): void {
  if (parents.includes(value)) refuse(path, 'an object that contains itself');
  // Without the full path, which would be as long as the value is deep.
  if (parents.length === maxDepth) refuse(path.split(/[.[]/, 1).join(), `more than ${maxDepth} levels of nesting`);
  parents.push(value);
  if (Array.isArray(value)) {
    // By index, because forEach skips holes, which JSON turns into null.
    for (let index = 0; index < value.length; index++) check(value[index], `${path}[${index}]`, parents);
  } else {
    if (!isPlain(value)) refuse(path, `an instance of ${classOf(value)}`);
    if (Object.getOwnPropertySymbols(value).length > 0) refuse(path, 'an object with symbol keys');
    for (const [key, property] of Object.entries(value)) {
      if (property === undefined) continue;
      check(property, /^[\w$]+$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`, parents);
    }
  }
  parents.pop();
}

/** Not by comparison with `Object.prototype`, which differs for objects from another realm (`node:vm`). */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function classOf({ constructor }: { constructor?: { name?: string } }): string {
  return constructor?.name || 'a class';
}

function refuse(path: string, what: string): never {
  throw new TypeError(`Expected \`${path}\` to be a JSON value, got ${what}`);
}
