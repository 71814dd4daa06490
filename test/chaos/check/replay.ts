import type { Operation, Register, State } from '../history';

/** What a session's log says that the session must hold, and what each change must have been told. */
export interface Replay {
  readonly count: number;
  readonly registers: ReadonlyMap<Register, string>;
  /** By operation: the values that its writes gave. */
  readonly values: ReadonlyMap<string, readonly (string | undefined)[]>;
}

/** Does the changes of a log one after another. `undefined`: an id in it is of no operation that is known. */
export function replay(log: readonly string[], byId: ReadonlyMap<string, Operation>): Replay | undefined {
  let count = 0;
  const registers = new Map<Register, string>();
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
        }
      }),
    );
  }
  return { count, registers, values };
}

/** In words, how a state differs from what its log says. `undefined`: it does not. */
export function differenceOf(state: State, expected: Replay): string | undefined {
  if (state.count !== expected.count) return `count is ${state.count}, the log says ${expected.count}`;
  for (const key of ['a', 'b', 'c'] as const) {
    const [is, should] = [state.registers[key], expected.registers.get(key)];
    if (is !== should) return `${key} is ${is ?? 'absent'}, the log says ${should ?? 'absent'}`;
  }
  return undefined;
}
