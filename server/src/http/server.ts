import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Registry } from 'prom-client';
import { formatHostAndPort } from '../host-and-port';
import { variable } from '../setting-names';
import { listenError } from './listen-error';
import { Connection } from './connection';
import { ConnectionLimit } from './connection-limit';
import type { HttpLimit, HttpObserver } from './limits';
import { metricsPrinter } from './metrics-page';
import type { Readiness } from './readiness';
import { routes } from './routes';

export interface HttpServerOptions {
  /** Host `undefined`: every interface, IPv4 and IPv6. Port 0: any free one. */
  readonly address: { readonly host: string | undefined; readonly port: number };
  readonly registry: Registry;
  readonly readiness: () => Readiness;
  /** Maximum number of open connections. */
  readonly maxConnections: number;
  readonly observer: HttpObserver;
}

export interface HttpServer {
  readonly address: string;
  close(): Promise<void>;
}

/** Maximum size of method, URL and headers together. Prometheus and the kubelet send a few hundred bytes. */
const maxHeadBytes = 8 * 1024;

/** How long a client may take to send its request, and to read the response, in ms. */
const requestMs = 5_000;
const answerMs = 10_000;

/**
 * Serves Prometheus and the kubelet:
 *
 * - `GET /metrics`: the metrics, in OpenMetrics if the scraper prefers it, else in the text format of Prometheus
 * - `GET /livez`: 200 as long as the process can answer, whatever state Redis is in
 * - `GET /readyz`: 200 when calls can succeed, else 503 with what is not ready, why and since when; `?verbose` lists all parts
 *
 * The whole network can reach this port, so everything is limited: one request per connection, few connections, small requests,
 * short timeouts.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { address, registry, readiness, maxConnections, observer } = options;
  const connections = new ConnectionLimit(maxConnections, () => observer.httpRefused('connections'));
  const answer = routes({
    printMetrics: metricsPrinter(registry),
    readiness,
    onBody: () => observer.httpRefused('body'),
  });
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const timer = setTimeout(() => {
      observer.httpRefused('time');
      response.destroy();
    }, answerMs);
    response.once('close', () => clearTimeout(timer));
    answer(request, response);
  };
  const server = createServer(limits, serve);
  // Instead of allowing a body first, or rejecting the expectation.
  server.on('checkContinue', serve).on('checkExpectation', serve);
  const refuseLongHead = refuseBadRequests(server, observer);
  acceptBy(server, (socket) => {
    const connection = new Connection(socket, 2 * maxHeadBytes, refuseLongHead);
    connections.add(connection);
    return connection;
  });
  await listen(server, address);
  const { address: host, port } = server.address() as AddressInfo;
  return {
    address: `http://${formatHostAndPort({ host, port })}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        connections.close();
      }),
  };
}

const limits = {
  maxHeaderSize: maxHeadBytes,
  headersTimeout: requestMs,
  requestTimeout: requestMs,
  connectionsCheckingInterval: 1_000,
  // Unread bytes per connection.
  highWaterMark: 1_024,
};

/** Wraps each accepted socket before the server reads requests from it. */
function acceptBy(server: Server, wrap: (socket: Socket) => Duplex): void {
  const [readRequests] = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    readRequests?.call(server, wrap(socket));
  });
}

/**
 * Answers invalid and late requests, and closes the connection.
 *
 * @returns a function that does so for a head that is too long
 */
function refuseBadRequests(server: Server, observer: HttpObserver): (connection: Duplex) => void {
  const refuse = ({ code }: NodeJS.ErrnoException, connection: Duplex): void => {
    if (!connection.writable) {
      connection.destroy();
      return;
    }
    const [limit, status] = badRequests[code ?? ''] ?? [undefined, '400 Bad Request'];
    if (limit !== undefined) observer.httpRefused(limit);
    connection.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`, () => connection.destroy());
  };
  server.on('clientError', refuse);
  return (connection) => {
    refuse(Object.assign(new Error('The head is too long.'), { code: 'HPE_HEADER_OVERFLOW' }), connection);
  };
}

const badRequests: Readonly<Record<string, readonly [HttpLimit, string]>> = {
  HPE_HEADER_OVERFLOW: ['head', '431 Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['time', '408 Request Timeout'],
};

async function listen(server: Server, { host, port }: HttpServerOptions['address']): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(listenError(variable('httpAddress'), `${host ?? ''}:${port}`, error));
    });
    server.listen(port, host, resolve);
  });
  // Not fatal: a connection could not be accepted, for example for lack of file descriptors.
  server.removeAllListeners('error').on('error', () => {});
}
