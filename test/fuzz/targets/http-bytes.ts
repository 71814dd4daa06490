import assert from 'node:assert/strict';
import type { Target } from '../engine/target';
import { exchange } from './exchange';
import { checkingBetween, startUnderFire } from './sidecar-process';

export const httpBytes: Target = {
  name: 'http-bytes',
  property:
    'Any bytes at the HTTP port end in bounded time and memory, what comes back is HTTP, and the probes answer afterwards.',
  maxBytes: 16_384,
  seeds: [
    'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /readyz HTTP/1.0\r\n\r\n',
    'GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: application/openmetrics-text; version=1.0.0\r\n\r\n',
    'POST /metrics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    'HEAD /livez HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\nGET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    'GET /livez HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
    'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nabc',
  ].map((text) => Buffer.from(text)),
  dictionary: [
    ...[
      'GET ',
      'HEAD ',
      'OPTIONS * ',
      ' HTTP/1.1',
      ' HTTP/9.9',
      '\r\n',
      '\n',
      '\r\n\r\n',
      ': ',
      '/metrics',
      '/livez',
      '/readyz',
      '/../',
      '?',
      '%00',
    ],
    ...[
      'Host: a',
      'Content-Length: ',
      '99999999999999999999',
      '-1',
      'Transfer-Encoding: chunked',
      'Connection: close',
      'Expect: 100-continue',
    ],
    ...[
      'Accept: ',
      '*/*',
      ';q=',
      ';q=0.1,',
      'application/openmetrics-text',
      'escaping=',
      'Upgrade: h2c',
      'PRI * HTTP/2.0',
      '\u0000',
      'x'.repeat(1000),
    ],
  ],
  async open() {
    const sidecar = await startUnderFire();
    const send = async (input: Buffer): Promise<void> => {
      const { hostname, port } = new URL(sidecar.current.httpUrl);
      const received = await exchange({ host: hostname, port: Number(port) }, input);
      assert.ok(received.length === 0 || received.subarray(0, 5).toString() === 'HTTP/', 'what came back is not HTTP');
    };
    const probe = async (): Promise<void> => {
      const { status } = await fetch(`${sidecar.current.httpUrl}/livez`);
      assert.equal(status, 200, 'the status of /livez');
    };
    return {
      run: checkingBetween(sidecar, send, probe),
      close: () => sidecar.close(),
    };
  },
};
