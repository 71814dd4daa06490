import fc from 'fast-check';

/** A JSON value apart from any text. A string is its UTF-16 code units, because JSON can hold any. Of members with one name, the last counts. */
export type JsonModel =
  | { readonly literal: 'true' | 'false' | 'null' }
  /** `digits` times 10 to the `power`. */
  | { readonly digits: bigint; readonly power: number }
  | { readonly units: readonly number[] }
  | { readonly elements: readonly JsonModel[] }
  | { readonly members: readonly (readonly [name: readonly number[], value: JsonModel])[] };

/** So few that equal ones often meet: a letter, é, an emoji as its surrogates, what must be escaped, and what is often confused. */
const units = fc.array(fc.constantFrom(0x61, 0xe9, 0xd83c, 0xdf75, 0x22, 0x5c, 0x2f, 0x0a, 0x20, 0x7f, 0xfffd), {
  maxLength: 3,
});
const number = fc.record({
  digits: fc.oneof(
    fc.constantFrom(0n, 1n, -1n, 10n, 25n, 9007199254740992n, 9007199254740993n),
    fc.bigInt({ min: -200n, max: 200n }),
  ),
  power: fc.integer({ min: -3, max: 3 }),
});
const leaf: fc.Arbitrary<JsonModel> = fc.oneof(
  fc.record({ literal: fc.constantFrom('true', 'false', 'null') }),
  number,
  fc.record({ units }),
);

export const jsonModel: fc.Arbitrary<JsonModel> = fc.letrec<{ value: JsonModel }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.record({ elements: fc.array(tie('value'), { maxLength: 3 }) }),
    fc.record({ members: fc.array(fc.tuple(units, tie('value')), { maxLength: 4 }) }),
  ),
})).value;

/** The same text for equal values, and for no others. */
export function identityOf(model: JsonModel): string {
  if ('literal' in model) return model.literal;
  if ('digits' in model) return String(model.digits * 10n ** BigInt(model.power + 3));
  if ('units' in model) return JSON.stringify(String.fromCharCode(...model.units));
  if ('elements' in model) return `[${model.elements.map(identityOf).join()}]`;
  const members = new Map(model.members.map(([name, value]) => [identityOf({ units: name }), identityOf(value)]));
  return `{${[...members].sort().join(';')}}`;
}

/** One of the texts of a value. */
export function spell(model: JsonModel, choices: readonly number[]): string {
  return new Speller(choices).spell(model);
}

class Speller {
  readonly #choices: readonly number[];
  #at = 0;

  constructor(choices: readonly number[]) {
    this.#choices = choices;
  }

  spell(model: JsonModel): string {
    return `${this.#space()}${this.#withoutSpace(model)}${this.#space()}`;
  }

  #withoutSpace(model: JsonModel): string {
    if ('literal' in model) return model.literal;
    if ('digits' in model) return this.#number(model);
    if ('units' in model) return this.#string(model.units);
    if ('elements' in model) return `[${model.elements.map((each) => this.spell(each)).join() || this.#space()}]`;
    const members = this.#inAnyOrder(model.members).map(
      ([name, value]) => `${this.#space()}${this.#string(name)}${this.#space()}:${this.spell(value)}`,
    );
    return `{${members.join() || this.#space()}}`;
  }

  /** Members with one name keep their order, because the last counts. */
  #inAnyOrder<Member extends readonly [readonly number[], unknown]>(members: readonly Member[]): Member[] {
    const names = [...new Set(members.map(([name]) => name.join()))].sort(() => this.#below(3) - 1);
    return names.flatMap((name) => members.filter((member) => member[0].join() === name));
  }

  #number({ digits, power }: { readonly digits: bigint; readonly power: number }): string {
    const zeros = this.#below(3);
    const magnitude = `${digits < 0n ? -digits : digits}${'0'.repeat(zeros)}`;
    const decimals = this.#below(6);
    const padded = magnitude.padStart(decimals + 1, '0');
    const whole = padded.slice(0, padded.length - decimals).replace(/^0+(?=\d)/, '');
    const fraction = padded.slice(padded.length - decimals);
    const exponent = power - zeros + decimals;
    const isNegative = digits < 0n || (digits === 0n && this.#below(2) === 0);
    return `${isNegative ? '-' : ''}${whole}${fraction && `.${fraction}`}${this.#exponent(exponent)}`;
  }

  #exponent(power: number): string {
    if (power === 0 && this.#below(2) === 0) return '';
    const sign = power < 0 ? '-' : ['', '+'][this.#below(2)]!;
    return `${['e', 'E'][this.#below(2)]!}${sign}${'0'.repeat(this.#below(3))}${Math.abs(power)}`;
  }

  #string(text: readonly number[]): string {
    let spelled = '';
    for (let at = 0; at < text.length; at += 1) {
      const [unit = 0, next = 0] = text.slice(at, at + 2);
      if (unit === 0xd83c && next === 0xdf75) {
        spelled += this.#below(2) === 0 ? String.fromCharCode(unit, next) : this.#escape(unit) + this.#escape(next);
        at += 1;
      } else {
        spelled += this.#character(unit);
      }
    }
    return `"${spelled}"`;
  }

  #character(unit: number): string {
    const short = { 0x22: '\\"', 0x5c: '\\\\', 0x2f: '\\/', 0x0a: '\\n' }[unit];
    const isRaw = unit >= 0x20 && unit !== 0x22 && unit !== 0x5c && (unit < 0xd800 || unit > 0xdfff);
    const ways = [
      this.#escape(unit),
      ...(short === undefined ? [] : [short]),
      ...(isRaw ? [String.fromCharCode(unit)] : []),
    ];
    return ways[this.#below(ways.length)]!;
  }

  #escape(unit: number): string {
    const hex = unit.toString(16).padStart(4, '0');
    return `\\u${this.#below(2) === 0 ? hex : hex.toUpperCase()}`;
  }

  #space(): string {
    return ['', '', ' ', '\n\t'][this.#below(4)]!;
  }

  #below(count: number): number {
    const choice = this.#choices[this.#at % this.#choices.length]!;
    this.#at += 1;
    return (choice + Math.floor(this.#at / this.#choices.length)) % count;
  }
}
