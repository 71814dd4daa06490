import { status } from '@grpc/grpc-js';
import type { sendUnaryData, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import type { RefusalObserver } from '../../rpc/refusals';

export type ServingStatus = 'SERVING' | 'NOT_SERVING';

interface HealthRequest {
  readonly service: string;
}

interface HealthAnswer {
  readonly status: ServingStatus | 'SERVICE_UNKNOWN';
}

type Watch = ServerWritableStream<HealthRequest, HealthAnswer>;

/** Maximum number of open Watch calls: probes and load balancers need one each. */
const maxWatches = 100;

/**
 * `grpc.health.v1.Health`, for a fixed list of services. The implementation in grpc-health-check stores every requested name, and
 * repeats it in errors, whatever its length.
 */
export class Health {
  readonly #observer: RefusalObserver;
  readonly #services: ReadonlySet<string>;
  readonly #watches = new Map<Watch, boolean>();
  #status: ServingStatus = 'NOT_SERVING';

  constructor(services: readonly string[], observer: RefusalObserver) {
    this.#services = new Set(services);
    this.#observer = observer;
  }

  /** Watchers of unknown services get no further messages. */
  setStatus(now: ServingStatus): void {
    if (now === this.#status) return;
    this.#status = now;
    for (const [watch, isOurs] of this.#watches) if (isOurs) watch.write({ status: now });
  }

  readonly check = (call: ServerUnaryCall<HealthRequest, HealthAnswer>, answer: sendUnaryData<HealthAnswer>): void => {
    if (this.#services.has(call.request.service)) answer(null, { status: this.#status });
    else answer({ code: status.NOT_FOUND, details: 'Unknown service.' });
  };

  readonly list = (
    _call: unknown,
    answer: sendUnaryData<{ readonly statuses: Record<string, HealthAnswer> }>,
  ): void => {
    const statuses = [...this.#services].map((service) => [service, { status: this.#status }]);
    answer(null, { statuses: Object.fromEntries(statuses) as Record<string, HealthAnswer> });
  };

  /** The watch of an unknown service stays open, as the protocol requires. */
  readonly watch = (watch: Watch): void => {
    if (this.#watches.size >= maxWatches) {
      this.#observer.refused('health_watches');
      const details = `More than ${maxWatches} Watch calls are open.`;
      watch.emit('error', { code: status.RESOURCE_EXHAUSTED, details });
      return;
    }
    const isOurs = this.#services.has(watch.request.service);
    this.#watches.set(watch, isOurs);
    watch.once('cancelled', () => this.#watches.delete(watch));
    watch.write({ status: isOurs ? this.#status : 'SERVICE_UNKNOWN' });
  };
}
