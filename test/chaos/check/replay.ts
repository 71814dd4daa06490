import type { Operation, Register, State } from '../history';

/** What a session must contain according to its log, and what each change must have returned. */
export interface Replay {
  readonly count: number;
  readonly registers: ReadonlyMap<Register, string>;
  readonly locked: readonly string[];
  /** The values that the writes of each operation return, by its id. */
  readonly values: ReadonlyMap<string, readonly (string | undefined)[]>;
}

/** Applies the changes of a log in order. Returns `undefined` if the log has an unknown id. */
export function replay(log: readonly string[], byId: ReadonlyMap<string, Operation>): Replay | undefined {
  let count = 0;
  const registers = new Map<Register, string>();
  const locked: string[] = [];
  const values = new Map<string, (string | undefined)[]>();
  for (const id of log) {
    const call = byId.get(id)?.call;
    if (call === undefined) return undefined;
    const writes = call.kind === 'update' ? call.writes : [];
    values.set(
      id,
      writes.map((write) => {
        switch (write.kind) {
          case 'increment':
            count += write.by;
            return String(count);
          case 'set':
            registers.set(write.key, id);
            return undefined;
          case 'setIfAbsent': {
            const present = registers.get(write.key) ?? id;
            registers.set(write.key, present);
            return present;
          }
          case 'delete':
            registers.delete(write.key);
            return undefined;
          case 'take': {
            const taken = registers.get(write.key);
            registers.delete(write.key);
            return taken;
          }
          case 'flash':
            return undefined;
          case 'locked':
            locked.push(id);
            return undefined;
        }
      }),
    );
  }
  return { count, registers, locked, values };
}

/** Describes how a state differs from what its log requires; `undefined` if it does not. */
export function differenceOf(state: State, expected: Replay): string | undefined {
  if (state.count !== expected.count) return `count is ${state.count}, but ${expected.count} by the log`;
  for (const key of ['a', 'b', 'c'] as const) {
    const [is, should] = [state.registers[key], expected.registers.get(key)];
    if (is !== should) return `${key} is ${is ?? 'absent'}, but ${should ?? 'absent'} by the log`;
  }
  const [locked, expectedLocked] = [(state.locked ?? []).join(' '), expected.locked.join(' ')];
  if (locked !== expectedLocked) return `locked is "${locked}", but "${expectedLocked}" by the log`;
  return undefined;
}
