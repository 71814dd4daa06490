import type { Instant } from './clock';

export interface ReadinessSample {
  readonly sidecar: string;
  readonly at: Instant;
  /** `undefined` without an answer. */
  readonly status: number | undefined;
}

export interface MemorySample {
  readonly sidecar: string;
  readonly at: Instant;
  readonly residentBytes: number;
}

/** A time in which a sidecar may have encrypted with a key. */
export interface KeyPeriod {
  readonly sidecar: string;
  /** The key's id in records, or `none`: it wrote in clear. */
  readonly key: string;
  /** When its file was about to say so. */
  readonly from: Instant;
  /** When the sidecar was known to use another one. */
  readonly to: Instant;
}

/** The record of a session in Redis. */
export interface RecordSample {
  readonly handle: string;
  readonly at: Instant;
  /** As in {@link KeyPeriod}. */
  readonly key: string;
}
