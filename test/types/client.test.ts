import { beforeAll, describe, expect, test } from '@jest/globals';
import { compile } from './compile';

/*
 * What must and must not compile for users of `@session-sidecar/client`. All snippets are compiled in one go, because that
 * costs seconds.
 */

/** Types of a value that JSON cannot hold, each as the property `bad` of what a session holds. */
const notJson: Readonly<Record<string, string>> = {
  'a Date': 'bad: Date',
  'a Map': 'bad: Map<string, number>',
  'a Set': 'bad: Set<string>',
  'a function': 'bad: () => void',
  'a method': 'bad(): void',
  'a class itself': 'bad: typeof Date',
  'a bigint': 'bad: bigint',
  'a symbol': 'bad: symbol',
  'a class with methods': 'bad: URL',
  'a regular expression': 'bad: RegExp',
  'a Buffer': 'bad: Buffer',
  'a promise': 'bad: Promise<string>',
  'an optional Date': 'bad?: Date',
  'a Date or a string': 'bad: string | Date',
  'a Date or null': 'bad: Date | null',
  'an array of Dates': 'bad: Date[]',
  'a read-only array of Dates': 'bad: readonly Date[]',
  'a tuple with a Date': 'bad: [string, Date]',
  'a Date deep inside': 'bad: { a: { b: { c: Date }[] } }',
  'an optional Date deep inside': 'bad: { a?: { b?: Date } }',
  'Dates by key': 'bad: Record<string, Date>',
  'undefined in an array': 'bad: (string | undefined)[]',
};

/** Types that JSON can hold, as what a session holds. */
const json: Readonly<Record<string, string>> = {
  'strings, numbers, booleans and null': '{ a: string; b: number; c: boolean; d: null }',
  'optional properties': '{ a?: string; b?: { c?: number } }',
  'properties that may be undefined': '{ a: string | undefined; b: { c: number | undefined } }',
  'nested arrays': '{ a: string[][]; b: { c: number[] }[] }',
  'read-only properties and arrays': '{ readonly a: readonly string[]; b: Readonly<Record<string, number>> }',
  tuples: '{ a: [string, number]; b: [string, ...number[]]; c: [string?] }',
  unions: "{ a: string | number | null; b: { kind: 'x'; x: number } | { kind: 'y'; y: string[] } }",
  'literals and enums': "{ a: 'light' | 'dark'; b: 1 | 2; c: true; d: Color }",
  'things by key': '{ a: Record<string, number>; b: { [key: string]: { c: string } } }',
  'any and unknown': '{ a: any; b: unknown; c: any[]; d: { e: unknown } }',
  JsonValue: '{ a: JsonValue; b: JsonValue[] }',
  'types that contain themselves': 'Tree',
  'interfaces that extend others': 'Extended',
  'classes without methods': '{ a: Point }',
};

const helpers = `
enum Color { Red = 'red', Blue = 'blue' }
interface Tree { name: string; children?: Tree[] }
interface Extended extends Shop { tree: Tree }
class Point { constructor(readonly x: number, readonly y: number) {} }
`;

/** Uses of a session that compile. */
const right: Readonly<Record<string, string>> = {
  'a client without a type argument':
    'const client = new SessionClient({ address }); client.create().set("a", { b: [1, null] });',
  'a client with every option': 'new SessionClient<Shop>({ address, timeoutMs: 100, codec });',
  'a client without type argument gives JSON':
    'const a: JsonValue | undefined = new SessionClient({ address }).create().get("a");',
  'a codec for what is not JSON': 'new SessionClient<{ when: Date }>({ address, codec });',
  'a codec, and then a Date': 'new SessionClient<{ when: Date }>({ address, codec }).create().set("when", new Date());',
  'get() of a key that may be absent': 'const cart: string[] | undefined = session.get("cart");',
  'get() of an optional property': 'const user: { id: number } | undefined = session.get("user");',
  'get() with a fallback':
    'const cart: string[] = session.get("cart", []); const theme: "light" | "dark" = session.get("theme", "light");',
  'a change inside a value': 'session.get("cart")?.push("tea");',
  'set() of each type':
    'session.set("user", { id: 7, name: "Ada" }); session.set("theme", "dark"); session.set("cart", []);',
  'update() of some': 'session.update({ theme: "dark", visits: 1 }); session.update({});',
  'setDefault() gives the value': 'const cart: string[] = session.setDefault("cart", []);',
  'pop() and popItem()':
    'const cart: string[] | undefined = session.pop("cart"); const n: number = session.pop("visits", 0); const item = session.popItem(); if (item?.[0] === "visits") { const n: number = item[1]; }',
  'iteration gives each key its own type of value':
    'for (const [key, value] of session) { if (key === "cart") { const cart: string[] = value; } }',
  'toObject() may lack any key': 'const { cart, user }: Partial<Shop> = session.toObject();',
  'transform() from and to the same type':
    'const n: Promise<number> = session.transform("visits", (n) => (n ?? 0) + 1);',
  'flash() of what JSON holds':
    'session.flash("Saved"); session.flash({ level: "info", parts: [1, null] }, { queue: "errors", allowDuplicate: false });',
  'popFlash() of a type':
    'const messages: Promise<string[]> = session.popFlash<string>(); const others: Promise<unknown[]> = session.peekFlash("errors");',
  'call options':
    'void session.save({ timeoutMs: 50, signal: AbortSignal.timeout(5), metadata: { traceparent: "00" } });',
  'idle timeouts':
    'session.setIdleTimeout(60_000); session.setIdleTimeout("never"); session.setSubject("7"); session.setSubject(undefined);',
  'code of an error':
    'declare const error: unknown; if (SessionError.is(error) && error.code === "SESSION_NOT_FOUND") error.status.toFixed();',
};

/** Uses that do not compile, with what the compiler has to say. */
const wrong: Readonly<Record<string, readonly [source: string, says: RegExp]>> = {
  'a client without an address': ['new SessionClient({});', /'address' is missing/],
  'an unknown option': ['new SessionClient({ address, timeout: 100 });', /'timeout' does not exist/],
  'a type that is no object': [
    'new SessionClient<string>({ address });',
    /'string' does not satisfy the constraint 'object'/,
  ],
  'an object that is not a codec': ['new SessionClient<Shop>({ address, codec: JSON });', /'codec'|Codec/],
  'get() of an unknown key': ['session.get("basket");', /"basket"/],
  'set() of an unknown key': ['session.set("basket", 1);', /"basket"/],
  'has(), delete() and pop() of an unknown key': [
    'session.has("basket"); session.delete("basket"); session.pop("basket");',
    /"basket"/,
  ],
  'update() of an unknown key': ['session.update({ basket: 1 });', /'basket' does not exist/],
  'transform() of an unknown key': ['void session.transform("basket", () => 1);', /"basket"/],
  'a value of another type': ['session.set("cart", "tea");', /'string' is not assignable to .*'string\[\]'/],
  'a word that is not in the union': ['session.set("theme", "blue");', /'"blue"' is not assignable/],
  'undefined as a value': ['session.set("user", undefined);', /'undefined' is not assignable/],
  'an optional value used as if it were there': ['const user: { id: number } = session.get("user");', /undefined/],
  'a required value used as if it were there': ['session.get("cart").push("tea");', /possibly 'undefined'/],
  'a fallback of another type': ['session.get("visits", "none");', /"visits"|'string'/],
  'an asynchronous transform()': ['void session.transform("visits", async (n) => (n ?? 0) + 1);', /Promise<number>/],
  'a transform() to another type': [
    'void session.transform("visits", () => "many");',
    /'string' is not assignable to type 'number'/,
  ],
  'a Date where JSON is expected': ['new SessionClient({ address }).create().set("when", new Date());', /Date/],
  'flash() of a Date': ['session.flash(new Date());', /Date/],
  'flash() of a Date inside': ['session.flash({ when: new Date() });', /Date|never/],
  'flash() of a Map, a function, a bigint or undefined': [
    'session.flash(new Map()); session.flash(() => 1); session.flash(1n); session.flash(undefined);',
    /never/,
  ],
  'writing what is read-only': ['session.token = "x";', /read-only/],
  'an idle timeout in words': ['session.setIdleTimeout("1h");', /"1h"/],
  'an unknown call option': ['void session.save({ deadline: 1 });', /'deadline' does not exist/],
  'a code that no error has': ['declare const e: SessionError; if (e.code === "NOT_THERE") throw e;', /no overlap/],
  'an internal of the package': ['import { SessionObject } from "@session-sidecar/client";', /no exported member/],
};

/** Every statement of a snippet must be refused, not only one of them. */
const statementsOf = (source: string): number => source.split(';').filter((part) => part.trim() !== '').length;

let said: ReadonlyMap<string, readonly string[]>;

beforeAll(() => {
  const snippets = [
    ...Object.entries(notJson).map(([name, property]) => [
      `not JSON: ${name}`,
      `new SessionClient<{ good: string; ${property} }>({ address });`,
    ]),
    ...Object.entries(notJson).map(([name, property]) => [
      `codec: ${name}`,
      `new SessionClient<{ good: string; ${property} }>({ address, codec });`,
    ]),
    ...Object.entries(json).map(([name, type]) => [
      `JSON: ${name}`,
      `${helpers} new SessionClient<${type}>({ address });`,
    ]),
    ...Object.entries(right),
    ...Object.entries(wrong).map(([name, [source]]) => [name, source]),
  ];
  said = compile(Object.fromEntries(snippets) as Record<string, string>);
});

describe('a session may hold', () => {
  test.each(Object.keys(json))('%s', (name) => {
    expect(said.get(`JSON: ${name}`)).toEqual([]);
  });
});

describe('a session may not hold, without a codec', () => {
  test.each(Object.keys(notJson))('%s: the error names the key, and only that', (name) => {
    expect(said.get(`not JSON: ${name}`)).toEqual([expect.stringContaining('RequiredCodec<"bad">')]);
  });
});

describe('with a codec, a session may hold', () => {
  test.each(Object.keys(notJson))('%s', (name) => {
    expect(said.get(`codec: ${name}`)).toEqual([]);
  });
});

describe('right uses compile', () => {
  test.each(Object.keys(right))('%s', (name) => {
    expect(said.get(name)).toEqual([]);
  });
});

describe('wrong uses do not compile', () => {
  test.each(Object.entries(wrong))('%s', (name, [source, says]) => {
    const errors = said.get(name) ?? [];
    const declarations = source.startsWith('declare') ? 2 : 0;
    expect(errors.join('\n')).toMatch(says);
    expect(errors.length).toBeGreaterThanOrEqual(statementsOf(source) - declarations);
  });
});
