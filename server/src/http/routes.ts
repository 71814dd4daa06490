import type { IncomingMessage, RequestListener } from 'node:http';
import type { PrintMetrics } from './metrics-page';
import { readinessText } from './readiness';
import type { Readiness } from './readiness';

export interface Routes {
  readonly printMetrics: PrintMetrics;
  readonly readiness: () => Readiness;
  /** A request was rejected because of its body. */
  readonly onBody: () => void;
}

/** Answers `/metrics`, `/livez` and `/readyz`. */
export function routes({ printMetrics, readiness, onBody }: Routes): RequestListener {
  return (request, response) => {
    const answer = (
      status: number,
      body: string | Buffer,
      headers: Readonly<Record<string, string | number>> = {},
    ): void => {
      response.writeHead(status, {
        'content-type': 'text/plain; charset=utf-8',
        'content-length': Buffer.byteLength(body),
        'cache-control': 'no-store',
        connection: 'close',
        ...headers,
      });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    if (hasBody(request)) onBody();
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      answer(405, 'Method not allowed.\n', { allow: 'GET, HEAD' });
      return;
    }
    if (hasBody(request)) {
      answer(413, 'Request bodies are not allowed.\n');
      return;
    }
    const [path, query] = (request.url ?? '').split('?', 2);
    switch (path) {
      case '/metrics':
        printMetrics(request.headers.accept).then(
          ({ contentType, body }) => {
            answer(200, body, { 'content-type': contentType, vary: 'accept' });
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
        const state = readiness();
        answer(state.ready ? 200 : 503, readinessText(state, new URLSearchParams(query).has('verbose')));
        break;
      }
      default:
        answer(404, 'Not found. This port serves /metrics, /livez and /readyz.\n');
    }
  };
}

function hasBody({ headers }: IncomingMessage): boolean {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = headers;
  return encoding !== undefined || Number(length) !== 0;
}
