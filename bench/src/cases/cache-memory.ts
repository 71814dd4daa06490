import { rowOf } from '../row';
import { sizes } from '../shop';
import type { Size } from '../shop';
import { startStack } from '../stacks';
import type { Case } from './case';

/** The memory that a session takes in the client's cache, compared with the size that the cache reports. */
export function cacheMemory(size: Size): Case {
  const id = `cached-memory-${size}`;
  return {
    rows: [id],
    async run({ plan, quiet }) {
      await quiet();
      const sessions = plan.sessions[size];
      const stack = await startStack({ side: 'sidecar-cached', size, sessions, warmUpMs: 0, profile: false });
      // First, because with the first sessions, code is compiled and buffers grow.
      const read = (operations: number) =>
        stack.run({ inFlight: 8, writeShare: 0, milliseconds: 60_000, operations: Math.ceil(operations) });
      await read(sessions / 10);
      const before = await stack.memory();
      await read(sessions * 2);
      const after = await stack.memory();
      await stack.stop();
      const added = after.cachedSessions - before.cachedSessions;
      const ours = (after.usedBytes - before.usedBytes) / added;
      const theirs = (after.cachedBytes - before.cachedBytes) / added;
      const what = `Memory of the app for each session of about ${sizes[size].words} in the client’s cache, one of its three values decoded; theirs: what the cache counts for it.`;
      return [rowOf({ id, what, unit: 'bytes', better: 'lower', ours, theirs, ratio: ours / theirs })];
    },
  };
}
