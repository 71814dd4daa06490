import type { StorePart } from '../../../session/session-store';

/** Whether one server can be used, why not, and since when. */
export class PartHealth implements StorePart {
  readonly #onChange: (ready: boolean) => void;
  #ready = false;
  #reason: string | undefined = 'connecting';
  #since = Date.now();

  /** @param onChange is called when the server became usable, or stopped being so */
  constructor(
    readonly name: string,
    onChange: (ready: boolean) => void = () => {},
  ) {
    this.#onChange = onChange;
  }

  get ready(): boolean {
    return this.#ready;
  }

  get reason(): string | undefined {
    return this.#reason;
  }

  get since(): number {
    return this.#since;
  }

  up(): void {
    this.#change(true, undefined);
  }

  down(reason: string): void {
    this.#change(false, reason);
  }

  #change(ready: boolean, reason: string | undefined): void {
    this.#reason = reason;
    if (ready === this.#ready) return;
    this.#ready = ready;
    this.#since = Date.now();
    this.#onChange(ready);
  }
}
