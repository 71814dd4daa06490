import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import { Counter, Histogram } from './fast-metrics';
import type { ExemplarLabels } from './fast-metrics';

/** In seconds: from 0.1 ms, a call to the memory store, to longer than common deadlines. */
export const latencyBuckets = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
];

/** In bytes. */
export const sizeBuckets = [64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576];

/** Makes metrics on one registry, with names that begin with `session_sidecar_`. */
export class MetricFactory {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  counter(name: string, help: string, ...labelNames: string[]): Counter {
    return new Counter(this.#registry, describe(name, help, labelNames));
  }

  /**
   * @param bounds upper bounds of the buckets, inclusive, ascending
   * @param exemplar labels of the event that is being observed
   */
  histogram(
    name: string,
    help: string,
    bounds: readonly number[],
    { label, exemplar }: { readonly label?: string; readonly exemplar?: (() => ExemplarLabels) | undefined } = {},
  ): Histogram {
    const labelNames = label === undefined ? [] : [label];
    return new Histogram(this.#registry, describe(name, help, labelNames), bounds, exemplar);
  }

  gauge(name: string, help: string, ...labelNames: string[]): Gauge {
    return new Gauge({ ...describe(name, help, labelNames), registers: [this.#registry] });
  }

  /** A gauge whose value is read when it is printed. */
  observedGauge(name: string, help: string, read: () => number): void {
    new Gauge({
      ...describe(name, help, []),
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }
}

function describe(name: string, help: string, labelNames: string[]) {
  return { name: `session_sidecar_${name}`, help, labelNames };
}
