/*
 * Equality of JSON texts by value. `store/redis/scripts/lib/json_value.lua` does the same in Redis; the model tests compare the two.
 */

/** Arrays and objects that may be nested in one another. */
const maxLevels = 64;
const maxExponentDigits = 15;
const maxPlainDigits = 32;

/**
 * The one text that all JSON texts of a value have in common: without space, members sorted by name, each name once with its last value, as
 * parsers take it, characters as UTF-8 and numbers without superfluous digits. It is JSON with the same value, so it never
 * equals a text that is no JSON. Numbers are compared exactly, as decimal digits: 1.0 and 1 are equal, 2^53 and 2^53 + 1 are not.
 *
 * @param text UTF-8, one character for each byte (latin1)
 * @returns the text itself if it is no JSON, is nested deeper than 64 levels, or has an exponent of more than 15 digits
 */
export function canonicalJson(text: string): string {
  return new Reader(text).read() ?? text;
}

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

const space = /[ \t\r\n]*/y;
const literal = /true|false|null/y;
const number = /(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?/y;
const pair = /\\u([dD][89abAB][\da-fA-F]{2})\\u([dD][c-fC-F][\da-fA-F]{2})/y;
const unit = /\\u([\da-fA-F]{4})/y;
const shortEscapes: Readonly<Record<string, string>> = {
  ...{ '"': '"', '\\': '\\', '/': '/' },
  ...{ b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' },
};

/** Reads a text once. Its methods return the canonical text of what is next, or `undefined` if it has none. */
class Reader {
  readonly #json: string;
  #at = 0;

  constructor(json: string) {
    this.#json = json;
  }

  read(): string | undefined {
    const value = this.#value(maxLevels);
    return Number.isNaN(this.#peek()) ? value : undefined;
  }

  /** @param levels how many arrays and objects may still open in one another */
  #value(levels: number): string | undefined {
    switch (this.#peek()) {
      case quote:
        return this.#string();
      case openBracket:
        return levels > 0 ? this.#array(levels - 1) : undefined;
      case openBrace:
        return levels > 0 ? this.#object(levels - 1) : undefined;
      default:
        return this.#match(literal)?.[0] ?? this.#number();
    }
  }

  #array(levels: number): string | undefined {
    this.#at += 1;
    if (this.#take(closeBracket)) return '[]';
    const elements: string[] = [];
    do {
      const element = this.#value(levels);
      if (element === undefined) return undefined;
      elements.push(element);
    } while (this.#take(comma));
    return this.#take(closeBracket) ? `[${elements.join(',')}]` : undefined;
  }

  #object(levels: number): string | undefined {
    this.#at += 1;
    if (this.#take(closeBrace)) return '{}';
    const members = new Map<string, string>();
    do {
      const name = this.#peek() === quote ? this.#string() : undefined;
      if (name === undefined || !this.#take(colon)) return undefined;
      const value = this.#value(levels);
      if (value === undefined) return undefined;
      members.set(name, `${name}:${value}`);
    } while (this.#take(comma));
    if (!this.#take(closeBrace)) return undefined;
    const names = [...members.keys()].sort();
    return `{${names.map((name) => members.get(name)).join(',')}}`;
  }

  #string(): string | undefined {
    const json = this.#json;
    let canonical = '';
    let from = this.#at;
    for (let at = from + 1; at < json.length; at += 1) {
      const code = json.charCodeAt(at);
      if (code === quote) {
        this.#at = at + 1;
        return canonical + json.slice(from, at + 1);
      }
      if (code < 0x20) return undefined;
      if (code !== backslash) continue;
      canonical += json.slice(from, at);
      this.#at = at;
      const character = this.#escape();
      if (character === undefined) return undefined;
      canonical += character;
      from = this.#at;
      at = from - 1;
    }
    return undefined;
  }

  #escape(): string | undefined {
    const short = shortEscapes[this.#json.charAt(this.#at + 1)];
    if (short !== undefined) {
      this.#at += 2;
      return canonicalCharacter(short);
    }
    const units = this.#match(pair) ?? this.#match(unit);
    if (units === undefined) return undefined;
    return canonicalCharacter(String.fromCharCode(...units.slice(1).map((hex) => parseInt(hex, 16))));
  }

  #number(): string | undefined {
    const found = this.#match(number);
    if (found === undefined) return undefined;
    const [text, sign = '', whole = '', fraction = '', exponent = ''] = found;
    const isPlain = fraction === '' && exponent === '' && whole.length <= maxPlainDigits && whole !== '0';
    if (isPlain) return text;
    const digits = `${whole}${fraction}`.replace(/^0+/, '');
    let length = digits.length;
    while (length > 0 && digits.endsWith('0', length)) length -= 1;
    if (length === 0) return '0';
    if (exponent.replace(/^[+-]?0*/, '').length > maxExponentDigits) return undefined;
    const power = Number(exponent) - fraction.length + (digits.length - length);
    if (Math.abs(power) >= 10 ** maxExponentDigits) return undefined;
    const isInteger = power === 0 || (power > 0 && length + power <= maxPlainDigits);
    return `${sign}${digits.slice(0, length)}${isInteger ? '0'.repeat(power) : `e${power}`}`;
  }

  /** The code of the next character after space; NaN at the end. */
  #peek(): number {
    this.#match(space);
    return this.#json.charCodeAt(this.#at);
  }

  #take(code: number): boolean {
    const isNext = this.#peek() === code;
    if (isNext) this.#at += 1;
    return isNext;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#json) ?? undefined;
    if (found !== undefined) this.#at = pattern.lastIndex;
    return found;
  }
}

/** A character as it stands in a canonical string: as UTF-8, unless JSON or UTF-8 does not allow that. */
function canonicalCharacter(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  const code = character.codePointAt(0)!;
  if (code < 0x20 || (code >= 0xd800 && code <= 0xdfff)) return `\\u${code.toString(16).padStart(4, '0')}`;
  return Buffer.from(character).toString('latin1');
}
