import type { ChangeListener } from '../session/change-feed';

/** Passes every change to all listeners. */
export class ChangeBroadcast {
  readonly #listeners = new Set<ChangeListener>();

  /** @returns a function that ends the subscription */
  subscribe(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  changed(handle: string, version: number | undefined): void {
    for (const listener of this.#listeners) listener.onChanged(handle, version);
  }

  allChanged(): void {
    for (const listener of this.#listeners) listener.onAllChanged();
  }
}
