import type { Choices } from './choices';

/** Keys, queues and subjects: common ones often enough for requests to meet each other, and some that break things. */
export const names = [
  ...[
    'a',
    'b',
    'cart',
    'user',
    '',
    '__proto__',
    'constructor',
    'ключ',
    '😀',
    'with space',
    'a\nb',
    '\u0000',
    '\ufffd',
    'é',
  ],
  ...[
    '{0}',
    '%',
    ' ',
    '=1,1 a b',
    '!0,4',
    '@0,1  x',
    'x'.repeat(256),
    'x'.repeat(257),
    'é'.repeat(128),
    '-',
    '"',
    '\\',
    '\u2028',
  ],
];

/** Of the sizes around limits. */
export const longTexts = [
  ...['y'.repeat(1025), 'y'.repeat(65_537), '9'.repeat(400), '[1'.repeat(2000), `"${'z'.repeat(262_144)}"`],
  '['.repeat(50_000) + ']'.repeat(50_000),
];

const jsonTexts = [
  ...[
    '1',
    '"x"',
    '[]',
    '{}',
    'null',
    'true',
    '-0',
    '9007199254740991',
    '9007199254740993',
    '1e400',
    '[1,2]',
    '[ 1 , "a]" ]',
  ],
  ...[
    '"\\u0000"',
    '"\\ud800"',
    '{"__proto__":1}',
    '[[[[1]]]]',
    ' [ ] ',
    '{"a":[1,{"b":"]"}]}',
    '["\\ud800"]',
    '[1e400]',
  ],
];
const almostJson = ['"', '[', '[1', 'NaN', '01', '\ufeff1', '1 1', "'x'", '[1,]', '{"a"}', '\u0000'];

/** Mostly a JSON text; else any bytes, or many. */
export function anyJson(choices: Choices): Buffer {
  const dice = choices.byte();
  if (dice < 170) return Buffer.from(choices.pick(jsonTexts));
  if (dice < 225) return validJson(choices);
  if (dice < 240) return Buffer.from(choices.pick(almostJson));
  if (dice < 250) return choices.take(choices.below(40));
  if (dice < 253) return Buffer.from('[1,'.repeat(20_000));
  return Buffer.from(choices.pick(longTexts));
}

/** A JSON text, with space between its tokens. */
export function validJson(choices: Choices): Buffer {
  return Buffer.from(spaced(choices, jsonValue(choices, 0)));
}

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

const atoms: readonly JsonValue[] = [
  0,
  1,
  2,
  -1.5,
  'a',
  '',
  ']',
  ',',
  '"',
  '\\',
  'é',
  null,
  true,
  false,
  '[',
  '},{',
  ' ',
];

export function jsonValue(choices: Choices, depth: number): JsonValue {
  const dice = choices.below(16);
  if (depth > 3 || dice < 11) return choices.pick(atoms);
  const count = choices.below(5);
  if (dice < 14) return Array.from({ length: count }, () => jsonValue(choices, depth + 1));
  return Object.fromEntries(
    Array.from({ length: count }, () => [JSON.stringify(choices.pick(atoms)), jsonValue(choices, depth + 1)]),
  );
}

/** A value as a JSON text with whatever space JSON allows between tokens. */
export function spaced(choices: Choices, value: JsonValue): string {
  const space = (): string => (choices.isRare(6) ? choices.pick([' ', '\n', '\t', '\r\n  ']) : '');
  const write = (one: JsonValue): string => {
    if (Array.isArray(one))
      return `[${space()}${one.map((element) => write(element as JsonValue)).join(`,${space()}`)}${space()}]`;
    if (typeof one !== 'object' || one === null) return JSON.stringify(one);
    const members = Object.entries(one).map(([key, member]) => `${JSON.stringify(key)}${space()}:${write(member)}`);
    return `{${space()}${members.join(`${space()},`)}${space()}}`;
  };
  return `${space()}${write(value)}${space()}`;
}
