import type { Redis } from 'ioredis';

/** Redis can start on these while the rest of a turn of the event loop is being written. */
const maxCorkedWrites = 8;

/** @returns a function to call before each write, so that writes of one turn are sent in one system call */
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
