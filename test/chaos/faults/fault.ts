import type { FaultEvent, SessionInfo } from '../history';
import type { Random } from '../random';
import type { World } from '../topology/world';

/** A fault that can be injected into a world. */
export interface Fault<W extends World = World> {
  readonly name: string;
  /** Injects the fault, undoes it, and records both. Leaves the world as it was. */
  run(world: W, context: FaultContext): Promise<void>;
}

export interface FaultContext {
  readonly random: Random;
  /** Adds an event to the history. */
  record(event: FaultEvent): void;
  /** Waits for a random time from `min` to `max`, in ms. */
  hold(min: number, max: number): Promise<void>;
  /** The sessions that exist now. */
  sessions(): readonly SessionInfo[];
  /** The calling processes. */
  readonly clients: readonly Client[];
}

export interface Client {
  /** Shifts its wall clock by `ms` relative to the machine's. */
  shiftClock(ms: number): void;
}

/** The names of all sidecars. */
export function all({ sidecars }: World): string[] {
  return sidecars.map(({ name }) => name);
}
