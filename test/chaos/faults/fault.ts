import type { FaultEvent, SessionInfo } from '../history';
import type { Random } from '../random';
import type { World } from '../topology/world';

/** One thing that can be done to a world. */
export interface Fault<W extends World = World> {
  readonly name: string;
  /** Does it, takes it back, and records when what was possible. Leaves the world as it was. */
  run(world: W, context: FaultContext): Promise<void>;
}

export interface FaultContext {
  readonly random: Random;
  /** Adds an event to the history. */
  record(event: FaultEvent): void;
  /** Waits a random time between the two, in ms. */
  hold(min: number, max: number): Promise<void>;
  /** The sessions that there are now. */
  sessions(): readonly SessionInfo[];
  /** The processes that call. */
  readonly clients: readonly Client[];
}

export interface Client {
  /** Sets its wall clock to this many ms from the machine's. */
  shiftClock(ms: number): void;
}

/** The names of all sidecars. */
export function all({ sidecars }: World): string[] {
  return sidecars.map(({ name }) => name);
}
