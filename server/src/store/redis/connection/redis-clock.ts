/**
 * An estimate of a Redis server's clock. Deadlines of this process are monotonic; a script compares with Redis's own time, and
 * the two clocks need not agree.
 *
 * Each reply with Redis's time bounds the difference of the clocks: Redis read its clock after the command was sent and before the
 * reply arrived. The bounds of all replies are intersected. If they contradict each other, Redis's clock was stepped, has drifted,
 * or another server answers, so only the latest counts.
 */
export class RedisClock {
  /** Redis's clock minus this process's monotonic clock, in ms: at least and at most. */
  #least = -Infinity;
  #most = Infinity;

  /** Whether Redis's time is known. */
  get isKnown(): boolean {
    return this.#least !== -Infinity;
  }

  /**
   * @param sentAt when the command was sent, by `performance.now()`
   * @param receivedAt when the reply arrived, by `performance.now()`
   * @param redisTime Redis's time, in whole milliseconds since 1970, rounded down
   */
  observe(sentAt: number, receivedAt: number, redisTime: number): void {
    const least = redisTime - receivedAt;
    const most = redisTime + 1 - sentAt;
    const agrees = least <= this.#most && most >= this.#least;
    this.#least = agrees ? Math.max(least, this.#least) : least;
    this.#most = agrees ? Math.min(most, this.#most) : most;
  }

  /**
   * The last whole millisecond of Redis's clock that is certainly over before `deadline`.
   *
   * @param deadline by `performance.now()`
   */
  lastBefore(deadline: number): number {
    return Math.floor(deadline + this.#least) - 1;
  }
}
