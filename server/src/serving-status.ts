import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { GrpcServer } from './grpc/server';
import type { Readiness } from './http/readiness';
import type { SessionStore } from './session/session-store';

/** Whether the sidecar serves, for `/readyz` and `grpc.health.v1`: with a usable store and a gRPC server that is not draining. */
export class ServingStatus {
  readonly #store: () => Pick<SessionStore, 'ready' | 'parts'>;
  readonly #logger: Pick<Logger, 'info' | 'warn'>;
  readonly #storeReady = new AbortController();
  #grpc: Pick<GrpcServer, 'draining' | 'setServing'> | undefined;
  /** When the gRPC server started to serve, or stopped. */
  #grpcSince = Date.now();

  /** @param store opened after this, because it reports to {@link storeChanged} */
  constructor(store: () => Pick<SessionStore, 'ready' | 'parts'>, logger: Pick<Logger, 'info' | 'warn'>) {
    this.#store = store;
    this.#logger = logger;
  }

  get readiness(): Readiness {
    const { ready, parts } = this.#store();
    const isServing = this.#grpc?.draining === false;
    const reason = isServing ? undefined : 'draining';
    return {
      ready: ready && isServing,
      parts: [...parts, { name: 'grpc', ready: isServing, reason, since: this.#grpcSince }],
    };
  }

  /** The store became usable, or stopped being so. */
  storeChanged(ready: boolean): void {
    if (ready) {
      this.#storeReady.abort();
      this.#logger.info('connected to Redis');
    } else if (this.#grpc?.draining !== true) {
      this.#logger.warn({ parts: this.#store().parts }, 'lost the connection to Redis');
    }
    this.#grpc?.setServing(this.readiness.ready);
  }

  /** Waits until the store is usable, at most `timeoutMs`. */
  async storeReady(timeoutMs: number): Promise<void> {
    if (!this.#store().ready) await delay(timeoutMs, undefined, this.#storeReady).catch(() => {});
  }

  grpcStarted(grpc: Pick<GrpcServer, 'draining' | 'setServing'>): void {
    this.#grpc = grpc;
    this.#grpcSince = Date.now();
    grpc.setServing(this.readiness.ready);
  }

  grpcStopping(): void {
    this.#grpcSince = Date.now();
  }
}
