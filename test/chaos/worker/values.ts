import type { Mutation, MutationResult } from '@session-sidecar/proto/session/v1/session';
import type { LoadedSession } from '../../../client/src/transport/own-reply';
import { mutation } from '../../support/raw-grpc';
import type { MergedKey, Register, State, Write } from '../history';
import type { Held } from './performed';

/** Of updates that leave both as they are. */
export const noExpiry = { idleExpiry: undefined, subject: undefined };

export function mutationOf(write: Write, id: string, held?: Held): Mutation {
  switch (write.kind) {
    case 'increment':
      return mutation.increment('count', write.by);
    case 'set':
    case 'setIfAbsent':
      return mutation[write.kind](write.key, JSON.stringify(id));
    case 'delete':
    case 'take':
      return mutation[write.kind](write.key);
    case 'flash':
      return mutation.pushFlash('', JSON.stringify(id));
    case 'locked':
      return mutation.set('locked', JSON.stringify([...(held?.locked ?? []), id]));
  }
}

export function valueOf({ kind }: Write, result: MutationResult | undefined): string | undefined {
  const gives = kind === 'increment' || kind === 'take' || kind === 'setIfAbsent';
  return gives && result?.value !== undefined ? String(parse(result.value)) : undefined;
}

export function stateOf({ data }: LoadedSession): State {
  const valueAt = (key: string): unknown => {
    const value = data.get(key);
    return value && parse(value.bytes);
  };
  return {
    log: (valueAt('log') as string[] | undefined) ?? [],
    count: (valueAt('count') as number | undefined) ?? 0,
    registers: pickRegisters((key) => valueAt(key) as string | undefined),
    locked: (valueAt('locked') as string[] | undefined) ?? [],
    merged: pickMerged((key) => valueAt(key) as string | undefined),
  };
}

export function pickRegisters(valueAt: (key: Register) => string | undefined): State['registers'] {
  return pick(['a', 'b', 'c'], valueAt);
}

export function pickMerged(valueAt: (key: MergedKey) => string | undefined): State['merged'] {
  return pick(['m', 'n'], valueAt);
}

function pick<Key extends string>(
  keys: readonly Key[],
  valueAt: (key: Key) => string | undefined,
): Partial<Record<Key, string>> {
  const values = keys.map((key) => [key, valueAt(key)] as const).filter(([, value]) => value !== undefined);
  return Object.fromEntries(values) as Partial<Record<Key, string>>;
}

export function appendTo(key: string, id: string): Mutation {
  return mutation.append(key, JSON.stringify(id));
}

export function json(value: string): Buffer {
  return Buffer.from(JSON.stringify(value));
}

export function parse(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString());
}

export function durationOf(ms: number): { seconds: number; nanos: number } {
  return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 };
}
