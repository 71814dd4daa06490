import { ValueError } from './value-kind';
import type { ValueKind } from './value-kind';

export function integer(min: number, max: number): ValueKind<number> {
  return {
    name: `whole number, ${min} to ${max}`,
    parse(text) {
      if (/^\d+$/.test(text) && inRange(Number(text), min, max)) return Number(text);
      throw new ValueError(`a whole number from ${min} to ${max}`, text);
    },
  };
}

export function oneOf<T extends string>(...choices: readonly T[]): ValueKind<T> {
  return {
    name: choices.join(', '),
    parse(text) {
      const choice = choices.find((candidate) => candidate === text);
      if (choice === undefined) throw new ValueError(choices.join(' or '), text);
      return choice;
    },
  };
}

/** From the least to the most verbose. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const;

export type LogLevel = (typeof logLevels)[number];

export const onOff: ValueKind<boolean> = {
  name: 'on or off',
  parse: (text, readFile) => oneOf('on', 'off').parse(text, readFile) === 'on',
};

export function plainText(expected: string, pattern: RegExp): ValueKind<string> {
  return {
    name: expected,
    parse(text) {
      if (!pattern.test(text)) throw new ValueError(expected, text);
      return text;
    },
  };
}

/** Of a file, as chmod takes it. */
export const fileMode: ValueKind<number> = {
  name: 'mode in octal, 0000 to 0777',
  parse(text) {
    if (!/^0?[0-7]{3}$/.test(text)) throw new ValueError('a mode in octal, like 0660', text);
    return parseInt(text, 8);
  },
};

export function inRange(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}
