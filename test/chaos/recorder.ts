import { now } from './clock';
import type { FaultEvent, History, Operation, SessionInfo, Setup, Stall, WatchedEvents } from './history';
import type { KeyPeriod, MemorySample, ReadinessSample, RecordSample } from './samples';

/** Collects the history of a round. */
export class Recorder {
  readonly operations: Operation[] = [];
  readonly sessions: SessionInfo[] = [];
  readonly faults: FaultEvent[] = [];
  readonly readiness: ReadinessSample[] = [];
  readonly memory: MemorySample[] = [];
  readonly stalls: Stall[] = [];
  watched: readonly WatchedEvents[] = [];
  keys: readonly KeyPeriod[] = [];
  records: readonly RecordSample[] = [];

  history(setup: Setup): History {
    const { operations, sessions, faults, readiness, memory, stalls, watched, keys, records } = this;
    return { operations, sessions, faults, readiness, memory, stalls, watched, keys, records, setup };
  }
}

const tickMs = 50;
const stallMs = 100;

/** Records when this process did not run. Returns a function that ends it. */
export function watchStalls(record: (stall: Stall) => void): () => void {
  let expected = now() + tickMs;
  const timer = setInterval(() => {
    const at = now();
    if (at - expected > stallMs) record({ process: 'checker', from: expected, to: at });
    expected = at + tickMs;
  }, tickMs);
  return () => clearInterval(timer);
}
