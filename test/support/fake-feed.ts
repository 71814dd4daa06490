import type { ChangeFeed, ChangeListener } from '../../server/src/session/change-feed';
import { ChangeBroadcast } from '../../server/src/store/change-broadcast';

/** A change feed that a test controls. */
export class FakeFeed implements ChangeFeed {
  readonly #broadcast = new ChangeBroadcast();
  #confirmedAt: number | undefined;

  subscribe(listener: ChangeListener): () => void {
    return this.#broadcast.subscribe(listener);
  }

  get hasListeners(): boolean {
    return !this.#broadcast.isEmpty;
  }

  get confirmedAgeMs(): number | undefined {
    return this.#confirmedAt === undefined ? undefined : performance.now() - this.#confirmedAt;
  }

  /** Confirms that every change before `askedAt` was reported. */
  confirm(askedAt = performance.now()): void {
    const isFirst = this.#confirmedAt === undefined;
    this.#confirmedAt = askedAt;
    if (isFirst) this.#broadcast.allChanged();
  }

  lose(): void {
    this.#confirmedAt = undefined;
    this.#broadcast.allChanged();
  }

  change(handle: string, version?: number): void {
    this.#broadcast.changed(handle, version);
  }

  changeAll(): void {
    this.#broadcast.allChanged();
  }
}
