import { readFileSync } from 'node:fs';
import { InvalidArgumentError, Option } from 'commander';
import { duration, integer, size, ValueError } from '../config/values';
import type { ValueKind } from '../config/values';

/** An option whose value is written as that of a setting. */
export function valueOption<T>(flags: string, description: string, kind: ValueKind<T>): Option {
  return new Option(flags, description).argParser((text: string) => {
    try {
      return kind.parse(text, readFileSync);
    } catch (error) {
      if (error instanceof ValueError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  });
}

export function integerOption(flags: string, description: string, min: number, max: number): Option {
  return valueOption(flags, description, integer(min, max));
}

/** In milliseconds. */
export function durationOption(flags: string, description: string, min: string, max: string): Option {
  return valueOption(flags, description, duration({ min, max }));
}

/** In bytes. */
export function sizeOption(flags: string, description: string, min: string, max: string): Option {
  return valueOption(flags, description, size({ min, max }));
}

export function jsonOption(): Option {
  return new Option('--json', 'print one JSON document, for scripts');
}
