import type { GetSessionResponse, UpdateSessionResponse } from '@session-sidecar/proto/session/v1/session_service';
import { SessionError } from '../../../client/src/errors/session-error';
import type { ChangeReport } from '../../../client/src/transport/pipeline/change-listener';
import type { MethodName } from '../../../client/src/transport/transport';
import { etagOf, newGeneration } from '../../../server/src/session/etag';
import { handle, touchIntervalMs } from './stored-session';
import type { State, StoredSession } from './stored-session';

export interface Call {
  readonly method: MethodName;
  readonly request: { readonly token: string; readonly etag?: Buffer; readonly mutations?: unknown };
}

/** The sidecar that the client is connected to, and its invalidations from Redis. */
export class StepwiseSidecar {
  readonly #stored: StoredSession;
  #isSubscribed = false;
  #requested: number | undefined;
  #changed = new Map<string, number>();
  #allChanged = false;
  /** Sent by Redis, not yet received by the sidecar. */
  #invalidations: ('changed' | (() => void))[] = [];
  #isTracked = false;
  #confirmedAt: number | undefined;
  #generation = newGeneration();

  constructor(stored: StoredSession) {
    this.#stored = stored;
  }

  answer({ method, request }: Call): object {
    const { state } = this.#stored;
    if (state?.token !== request.token) return new SessionError('SESSION_NOT_FOUND', '');
    const now = performance.now();
    if (method === 'getSession') {
      this.#isTracked = true;
      if (now - state.accessed >= touchIntervalMs) this.#stored.become({ ...state, accessed: now });
      return this.#read(this.#stored.state!, request.etag);
    }
    const [mutation] = (request.mutations ?? []) as { kind: { value: { value: Buffer } } }[];
    const mine = mutation === undefined ? state.mine : Number(mutation.kind.value.value.toString());
    this.#stored.become({ ...state, version: state.version + 1, accessed: now, mine });
    this.report(state.version + 1);
    if (method === 'newCsrfToken') return { csrfToken: '' };
    const isBase = request.etag?.equals(etagOf(this.#generation, state.version));
    const reply: UpdateSessionResponse = {
      version: state.version + 1,
      expires: undefined,
      results: [{ applied: true, messages: [] }],
      liveMs: isBase ? this.#stored.liveMs : 0,
      etag: isBase ? etagOf(this.#generation, state.version + 1) : Buffer.alloc(0),
    };
    return reply;
  }

  #read(state: State, held: Buffer | undefined): GetSessionResponse {
    const etag = etagOf(this.#generation, state.version);
    const terms = { etag, liveMs: this.#stored.liveMs };
    const times = { accessed: new Date(state.accessed), expires: undefined };
    if (held?.equals(etag)) return { session: undefined, notModified: times, ...terms };
    const data = new Map([
      ['mine', Buffer.from(String(state.mine))],
      ['others', Buffer.from(String(state.others))],
    ]);
    const { version } = state;
    const more = { flashQueues: [], csrfToken: '', created: undefined, idleTimeout: undefined };
    return { session: { handle, data, version, ...times, ...more }, notModified: undefined, ...terms };
  }

  /** Another sidecar made a change, and Redis reports it. */
  invalidate(): void {
    if (this.#isTracked) this.#invalidations.push('changed');
    this.#isTracked = false;
  }

  /** Asks Redis for confirmation. The answer arrives in order, after the invalidations sent before it. */
  askRedis(): void {
    const askedAt = performance.now();
    this.#invalidations.push(() => {
      if (this.#confirmedAt === undefined) this.#reportAll();
      this.#confirmedAt = askedAt;
    });
  }

  hearRedis(): void {
    const heard = this.#invalidations.shift();
    if (heard === 'changed') this.report(0);
    else heard?.();
  }

  hearAllOfRedis(): void {
    while (this.#invalidations.length > 0) this.hearRedis();
  }

  /** The connections to Redis are lost and replaced. */
  loseRedis(): void {
    this.#isTracked = false;
    this.#invalidations = [];
    this.#confirmedAt = undefined;
    this.#generation = newGeneration();
    this.#reportAll();
  }

  /** The client requests confirmation. @param clock the client's time */
  request(clock: number): void {
    this.#isSubscribed = true;
    this.#requested = clock;
  }

  /** @param version 0 if it is unknown, or the session has ended */
  report(version: number): void {
    if (!this.#isSubscribed || this.#allChanged) return;
    const pending = this.#changed.get(handle);
    this.#changed.set(handle, version === 0 || pending === 0 ? 0 : version);
  }

  #reportAll(): void {
    this.#changed.clear();
    this.#allChanged = this.#isSubscribed;
  }

  /** The next report of changes, if there is anything to report. */
  takeReport(): ChangeReport | undefined {
    const requested = this.#requested;
    this.#requested = undefined;
    const isConfirmed = requested !== undefined && this.#confirmedAt !== undefined;
    const confirmed = isConfirmed ? Math.floor(requested - (performance.now() - this.#confirmedAt!)) : 0;
    const changed = Array.from(this.#changed, ([each, version]) => ({ handle: each, version }));
    const report: ChangeReport = { changed, allChanged: this.#allChanged, confirmed };
    this.#changed.clear();
    this.#allChanged = false;
    return changed.length > 0 || report.allChanged || confirmed > 0 ? report : undefined;
  }

  /** The stream has ended, so its pending report is dropped. */
  forgetStream(): void {
    this.#isSubscribed = false;
    this.#requested = undefined;
    this.#changed.clear();
    this.#allChanged = false;
  }
}
