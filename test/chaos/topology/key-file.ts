import { renameSync, writeFileSync } from 'node:fs';
import { keyIdOf } from '../../support/encryption';
import { until } from '../../support/poll';
import { now, sleep } from '../clock';
import type { Instant } from '../clock';
import type { KeyPeriod } from '../samples';

/** In front of the keys: they only decrypt. */
export const noKey = 'none';

/** A process that reads the file. */
interface Reader {
  readonly name: string;
  readonly httpUrl: string;
  /** Another one after a restart, when it has read the file anew. */
  readonly pid: number | undefined;
}

/** How long a sidecar may take to read a changed file, in ms. It may be stopped or restarted meanwhile, and the machine busy. */
const patienceMs = 60_000;
const pollMs = 100;

/** The list of keys of one sidecar, in a file that it reads again when it changes. */
export class KeyFile {
  readonly path: string;
  readonly #reader: Reader;
  #list: readonly string[];
  readonly #periods: { readonly key: string; readonly from: Instant; to: Instant }[] = [];

  /** @param list keys in base64, as in the file */
  constructor(reader: Reader, path: string, list: readonly string[]) {
    this.#reader = reader;
    this.path = path;
    this.#list = list;
    this.#write(list);
  }

  get list(): readonly string[] {
    return this.#list;
  }

  /** What it has encrypted with so far. */
  get periods(): readonly KeyPeriod[] {
    return this.#periods.map((period) => ({ ...period, sidecar: this.#reader.name }));
  }

  /** Changes the file and waits until the sidecar uses it. */
  async change(list: readonly string[]): Promise<void> {
    const before = await until(`sidecar ${this.#reader.name} to answer`, () => this.#state(), patienceMs);
    this.#write(list);
    await until(
      `sidecar ${this.#reader.name} to use the changed keys`,
      async () => {
        await sleep(pollMs);
        const state = await this.#state();
        // A new process has read the file when it started.
        return state !== undefined && (state.pid !== before.pid || state.reloads > before.reloads);
      },
      patienceMs,
    );
    for (const period of this.#periods.slice(0, -1)) period.to = Math.min(period.to, now());
  }

  #write(list: readonly string[]): void {
    const first = list[0] === noKey ? noKey : keyIdOf(list[0]!);
    if (this.#periods.at(-1)?.key !== first) this.#periods.push({ key: first, from: now(), to: Infinity });
    const next = `${this.path}.next`;
    writeFileSync(next, list.join('\n'));
    renameSync(next, this.path);
    this.#list = list;
  }

  /** Its process, and how often that has read changed keys; `undefined`: it does not answer. */
  async #state(): Promise<{ readonly pid: number | undefined; readonly reloads: number } | undefined> {
    const { pid } = this.#reader;
    try {
      const response = await fetch(`${this.#reader.httpUrl}/metrics`, { signal: AbortSignal.timeout(1000) });
      const counted = /^session_sidecar_file_reloads_total\{[^}]*result="applied"[^}]*\} (\d+)/m.exec(
        await response.text(),
      );
      return this.#reader.pid === pid ? { pid, reloads: Number(counted?.[1] ?? 0) } : undefined;
    } catch {
      return undefined;
    }
  }
}
