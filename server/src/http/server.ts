import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { metricsPrinter } from './metrics-page';

export interface HttpServerOptions {
  /** Host `undefined`: every interface, IPv4 and IPv6. Port 0: any free one. */
  readonly address: { readonly host: string | undefined; readonly port: number };
  readonly registry: Registry;
  readonly readiness: () => Readiness;
}

export interface Readiness {
  readonly ready: boolean;
  /** Why it is not ready. */
  readonly reason?: string | undefined;
}

export interface HttpServer {
  readonly address: string;
  close(): Promise<void>;
}

/**
 * What Prometheus and the kubelet ask:
 *
 * - `GET /metrics`: the metrics, in OpenMetrics for those who ask for it and else in the text format of Prometheus
 * - `GET /livez`: 200 as long as the process can answer, whatever state Redis is in
 * - `GET /readyz`: 200 when calls can succeed, else 503 with the reason
 */
export async function startHttpServer({ address, registry, readiness }: HttpServerOptions): Promise<HttpServer> {
  const server = createServer(routes(registry, readiness));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const where = `${address.host ?? ''}:${address.port}`;
      reject(new Error(`Cannot listen on ${where} (SESSION_SIDECAR_HTTP_ADDRESS): ${error.message}`));
    });
    server.listen(address.port, address.host, resolve);
  });
  const { address: host, port } = server.address() as AddressInfo;
  return {
    address: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function routes(registry: Registry, readiness: () => Readiness): RequestListener {
  const printMetrics = metricsPrinter(registry);
  return (request, response) => {
    const answer = (status: number, text: string, headers: Readonly<Record<string, string>> = {}): void => {
      response.writeHead(status, {
        'content-type': 'text/plain; charset=utf-8',
        'cache-control': 'no-store',
        ...headers,
      });
      response.end(request.method === 'HEAD' ? undefined : text);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      answer(405, 'Method not allowed.\n', { allow: 'GET, HEAD' });
      return;
    }
    switch (request.url?.split('?', 1)[0]) {
      case '/metrics':
        printMetrics(request.headers.accept).then(
          ({ text, contentType }) => {
            answer(200, text, { 'content-type': contentType, vary: 'accept' });
          },
          () => {
            answer(500, 'The metrics cannot be collected.\n');
          },
        );
        break;
      case '/livez':
        answer(200, 'alive\n');
        break;
      case '/readyz': {
        const { ready, reason = '' } = readiness();
        answer(ready ? 200 : 503, ready ? 'ready\n' : `not ready: ${reason}\n`);
        break;
      }
      default:
        answer(404, 'There are /metrics, /livez and /readyz.\n');
    }
  };
}
