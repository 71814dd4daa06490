import { partAt } from '../json-pointer';
import { membersOf } from '../json-text';
import type { Format, JsonLayout, SourceRecord } from './format';

/** Stores that keep each session as one JSON text, wherever it has its parts. */
export function jsonStore({ data: dataAt, id: idAt, expires: endAt, drop }: JsonLayout): Format {
  return {
    read(record, now) {
      const { text, ttlMs } = record;
      const members = membersOf(partAt(text, dataAt) ?? '');
      if (members === undefined) return 'other_format';
      const id = idOf(record, idAt);
      if (id === undefined) return 'invalid_id';
      const end = endAt && endOf(partAt(text, endAt));
      if (end !== undefined && end <= now) return 'expired';
      const data = new Map([...members].filter(([key]) => !drop.includes(key)));
      return { id, data, flash: new Map(), lifetimeMs: end === undefined ? ttlMs : end - now };
    },
  };
}

function idOf({ name, key, text }: SourceRecord, idAt: JsonLayout['id']): string | undefined {
  if (idAt === 'name') return name;
  if (idAt === 'key') return key;
  const id: unknown = JSON.parse(partAt(text, idAt) ?? 'null');
  return typeof id === 'string' ? id : undefined;
}

/** Seconds until the year 5138 are less than this, and milliseconds since 1973 are more. */
const firstMilliseconds = 100_000_000_000;

/** A time as JSON: a text with a date, or seconds or milliseconds since 1970. @returns ms; `undefined` for anything else */
function endOf(text: string | undefined): number | undefined {
  const value: unknown = JSON.parse(text ?? 'null');
  if (typeof value === 'number') return value < firstMilliseconds ? value * 1000 : value;
  const time = typeof value === 'string' ? Date.parse(value) : NaN;
  return Number.isNaN(time) ? undefined : time;
}
