import type { Registry } from 'prom-client';
import { startLimitedServer } from './limited-server';
import type { HttpServer, LimitedServerOptions } from './limited-server';
import { metricsPrinter } from './metrics-page';
import type { Readiness } from './readiness';
import { routes } from './routes';

export interface HttpServerOptions extends Pick<LimitedServerOptions, 'address' | 'maxConnections' | 'observer'> {
  readonly registry: Registry;
  readonly readiness: () => Readiness;
}

/**
 * Serves Prometheus and the kubelet:
 *
 * - `GET /metrics`: the metrics, in OpenMetrics if the scraper prefers it, else in the text format of Prometheus
 * - `GET /livez`: 200 as long as the process can answer, whatever state Redis is in
 * - `GET /readyz`: 200 when calls can succeed, else 503 with what is not ready, why and since when; `?verbose` lists all parts
 *
 * The whole network can reach this port.
 */
export function startHttpServer({ registry, readiness, ...options }: HttpServerOptions): Promise<HttpServer> {
  const { observer } = options;
  const answer = routes({
    printMetrics: metricsPrinter(registry),
    readiness,
    onBody: () => observer.httpRefused('body'),
  });
  return startLimitedServer({ ...options, setting: 'httpAddress', answer });
}
