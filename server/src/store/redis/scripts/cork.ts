import type { Redis } from 'ioredis';

/** Redis can begin with these while the rest of a turn of the event loop is still being written. */
const maxCorkedWrites = 8;

/** @returns what to call before a write, for it to leave in one system call with those that follow in the same turn */
export function corkWrites(client: Redis): () => void {
  let corked = 0;
  const uncork = (): void => {
    if (corked > 0) client.stream.uncork();
    corked = 0;
  };
  return () => {
    if (corked === maxCorkedWrites) uncork();
    if (corked === 0) {
      client.stream.cork();
      process.nextTick(uncork);
    }
    corked += 1;
  };
}
