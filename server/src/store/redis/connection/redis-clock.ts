/**
 * An estimate of a Redis server's clock. Deadlines of this process are monotonic; a script compares with Redis's own time, and
 * the two clocks need not agree.
 *
 * Each answer that holds Redis's time bounds the difference of the clocks: Redis looked at its clock after the question was sent
 * and before the answer came. The bounds of all answers are intersected. When they contradict each other, Redis's clock was
 * stepped, has drifted, or another server answers, so only the latest counts.
 */
export class RedisClock {
  /** Redis's clock minus this process's monotonic clock, in ms: at least and at most. */
  #least = -Infinity;
  #most = Infinity;

  /** Whether Redis has told its time. */
  get isKnown(): boolean {
    return this.#least !== -Infinity;
  }

  /**
   * @param sentAt when Redis was asked, by `performance.now()`
   * @param receivedAt when it had answered, by `performance.now()`
   * @param redisTime what it answered, in whole milliseconds since 1970, rounded down
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
