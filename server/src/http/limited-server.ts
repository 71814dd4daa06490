import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { formatHostAndPort } from '../host-and-port';
import { variable } from '../setting-names';
import type { SettingId } from '../setting-names';
import { listenError } from './listen-error';
import { Connection } from './connection';
import { ConnectionLimit } from './connection-limit';
import type { HttpLimit, HttpObserver } from './limits';

export interface LimitedServerOptions {
  /** Host `undefined`: every interface, IPv4 and IPv6. Port 0: any free one. */
  readonly address: { readonly host: string | undefined; readonly port: number };
  /** The setting with the address, for errors. */
  readonly setting: SettingId;
  /** Maximum number of open connections. */
  readonly maxConnections: number;
  /** Maximum number of bytes that are read after the head of a request. Default: none. */
  readonly maxBodyBytes?: number | undefined;
  /** Its responses must close the connection. */
  readonly answer: RequestListener;
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
 * An HTTP server in which everything is limited, whatever clients do: one request per connection, few connections, small requests,
 * short timeouts.
 */
export async function startLimitedServer(options: LimitedServerOptions): Promise<HttpServer> {
  const { answer, maxConnections, maxBodyBytes, observer } = options;
  const connections = new ConnectionLimit(maxConnections, () => observer.httpRefused('connections'));
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
    const connection = new Connection(socket, 2 * maxHeadBytes, refuseLongHead, maxBodyBytes);
    connections.add(connection);
    return connection;
  });
  await listen(server, options);
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

async function listen(server: Server, { address: { host, port }, setting }: LimitedServerOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(listenError(variable(setting), `${host ?? ''}:${port}`, error));
    });
    server.listen(port, host, resolve);
  });
  // Not fatal: a connection could not be accepted, for example for lack of file descriptors.
  server.removeAllListeners('error').on('error', () => {});
}
