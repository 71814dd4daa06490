import type { JsonPointer } from '../json-pointer';

/** What a key of the source holds. */
export interface SourceRecord {
  readonly key: string;
  /** The key without the prefix of the sessions. */
  readonly name: string;
  /** Valid JSON. */
  readonly text: string;
  /** How long the key still lives, in ms; `undefined`: without end. */
  readonly ttlMs: number | undefined;
}

/** A session as the source has it. Values and messages are JSON texts. */
export interface SourceSession {
  readonly id: string;
  readonly data: ReadonlyMap<string, string>;
  readonly flash: ReadonlyMap<string, readonly string[]>;
  /** Default: a new one. */
  readonly csrfToken?: string | undefined;
  /** How long it may stay unused, in ms; `undefined`: the record does not say. */
  readonly lifetimeMs: number | undefined;
}

/** Why a record is not a session. */
export type Rejection = 'expired' | 'other_format' | 'invalid_id';

/** Reads the records of one library. */
export interface Format {
  /** @param now in ms since 1970 */
  read(record: SourceRecord, now: number): SourceSession | Rejection;
}

export interface JsonLayout {
  /** Where the data of a session is in its record. */
  readonly data: JsonPointer;
  /** Where its id is: in the key, or in the record. */
  readonly id: 'name' | 'key' | JsonPointer;
  /** Where its end is; `undefined`: nowhere. */
  readonly expires: JsonPointer | undefined;
  /** Keys of the data that are left out. */
  readonly drop: readonly string[];
}
