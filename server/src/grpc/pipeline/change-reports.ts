import type { PipelineResponse } from '@session-sidecar/proto/session/v1/pipeline';
import type { ChangeReportObserver } from '../../rpc/copies';
import type { ChangeFeed, ChangeListener } from '../../session/change-feed';

export type Report = Pick<PipelineResponse, 'changed' | 'allChanged' | 'confirmed'>;

export interface ChangeReportParts {
  /** `undefined`: changes cannot be reported. */
  readonly feed: ChangeFeed | undefined;
  readonly observer: ChangeReportObserver;
}

/**
 * Maximum number of pending changes for a client that does not read. Past it, the client receives a report that anything may have
 * changed.
 */
export const maxPendingChanges = 1000;

/** The pending change reports of one stream, from its first request for confirmation on. */
export class ChangeReports implements ChangeListener {
  readonly #parts: ChangeReportParts;
  readonly #onPending: () => void;
  #unsubscribe: (() => void) | undefined;
  #isClosed = false;
  /** Versions by handle, with 0 for unknown ones. */
  #changed = new Map<string, number>();
  #allChanged = false;
  /** The client's clock in the last request that was not answered. */
  #requested: number | undefined;

  /** @param onPending is called when there is something to report, possibly repeatedly */
  constructor(parts: ChangeReportParts, onPending: () => void) {
    this.#parts = parts;
    this.#onPending = onPending;
  }

  /** The client requests confirmation; the first request also starts the reports. */
  confirm(clock: number): void {
    const { feed, observer } = this.#parts;
    if (feed === undefined || this.#isClosed) return;
    if (this.#unsubscribe === undefined) {
      this.#unsubscribe = feed.subscribe(this);
      observer.changeStreams(1);
    }
    this.#requested = clock;
    this.#onPending();
  }

  onChanged(handle: string, version = 0): void {
    if (this.#allChanged) return;
    const pending = this.#changed.get(handle);
    const isKnown = version !== 0 && pending !== 0;
    this.#changed.set(handle, isKnown ? Math.max(version, pending ?? 0) : 0);
    if (this.#changed.size > maxPendingChanges) this.onAllChanged();
    else this.#onPending();
  }

  onAllChanged(): void {
    this.#changed.clear();
    this.#allChanged = true;
    this.#onPending();
  }

  /** Takes what is to be reported now; `undefined`: nothing. */
  take(): Report | undefined {
    const confirmed = this.#takeConfirmed();
    if (this.#changed.size === 0 && !this.#allChanged && confirmed === 0) return undefined;
    const { observer } = this.#parts;
    const changed = Array.from(this.#changed, ([handle, version]) => ({ handle, version }));
    const report = { changed, allChanged: this.#allChanged, confirmed };
    if (changed.length > 0) observer.changesReported(changed.length);
    if (report.allChanged) observer.allChangesReported();
    this.#changed.clear();
    this.#allChanged = false;
    return report;
  }

  close(): void {
    this.#isClosed = true;
    this.#changed.clear();
    this.#requested = undefined;
    if (this.#unsubscribe === undefined) return;
    this.#unsubscribe();
    this.#unsubscribe = undefined;
    this.#parts.observer.changeStreams(-1);
  }

  /** The client's clock at the time until which everything was reported; at most `requested`. */
  #takeConfirmed(): number {
    const requested = this.#requested;
    if (requested === undefined) return 0;
    this.#requested = undefined;
    const age = this.#parts.feed?.confirmedAgeMs;
    return age === undefined ? 0 : Math.max(0, Math.floor(requested - age));
  }
}
