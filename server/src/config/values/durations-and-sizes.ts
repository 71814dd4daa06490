import bytes from 'bytes-iec';
import ms from 'ms';
import { inRange } from './numbers-and-words';
import { ValueError } from './value-kind';
import type { ValueKind } from './value-kind';

/** Both ends are inclusive, in the form that a user would write. */
interface Range {
  readonly min: string;
  readonly max: string;
}

/** In milliseconds. A number without a unit is rejected, because it is ambiguous. */
export function duration(range: Range): ValueKind<number> {
  return {
    name: `duration, ${range.min} to ${range.max}`,
    parse: (text) => millisecondsIn(range, text, ''),
  };
}

/** `undefined` for `never`. */
export function durationOrNever(range: Range): ValueKind<number | undefined> {
  return {
    name: `duration, ${range.min} to ${range.max}, or never`,
    parse: (text) => (text === 'never' ? undefined : millisecondsIn(range, text, ', or never')),
  };
}

/** In bytes. */
export function size({ min, max }: Range): ValueKind<number> {
  return {
    name: `size, ${min} to ${max}`,
    parse(text) {
      const parsed = hasUnit(text) ? bytes.parse(text) : null;
      const range = `a size from ${min} to ${max}`;
      if (parsed === null) throw new ValueError(`${range} with one of the units ${sizeUnits}, like 64KiB or 1MB`, text);
      if (inRange(parsed, Number(bytes.parse(min)), Number(bytes.parse(max)))) return Math.floor(parsed);
      throw new ValueError(range, text);
    },
  };
}

const sizeUnits = 'B, kB, KiB, MB, MiB, GB or GiB';

/** @param others alternatives that the setting accepts, for messages */
function millisecondsIn({ min, max }: Range, text: string, others: string): number {
  const milliseconds = hasUnit(text) ? ms(text as ms.StringValue) : NaN;
  const range = `a duration from ${min} to ${max}`;
  if (!Number.isFinite(milliseconds)) {
    throw new ValueError(`${range} with one of the units ms, s, m, h or d, like 250ms, 30s, 20m or 12h${others}`, text);
  }
  if (inRange(milliseconds, ms(min as ms.StringValue), ms(max as ms.StringValue))) return Math.round(milliseconds);
  throw new ValueError(`${range}${others}`, text);
}

function hasUnit(text: string): boolean {
  return /^[\d.]+ ?[a-z]+$/i.test(text);
}
