import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import type { Attack } from './attack';
import { repeat } from './repeat';

const request = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n';
const lastRequest = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

/** Sends 680 KB of pipelined requests on one connection. */
export const pipelinedPages: Attack = ({ httpUrl }) => {
  const { hostname, port } = new URL(httpUrl);
  const requests = request.repeat(Math.floor(680_000 / request.length)) + lastRequest;
  return Promise.resolve(async (assault) => {
    await repeat(
      assault,
      1,
      () =>
        new Promise((resolve) => {
          let bytes = 0;
          const socket = assault.own(connect(Number(port), hostname));
          socket.on('error', () => undefined);
          socket.on('data', (data) => (bytes += data.length));
          socket.once('close', () => resolve(bytes > 0 ? 'connections answered' : undefined));
          socket.write(requests);
        }),
    );
  });
};

/** Requests one page after another on each of 500 connections. */
export const scrapers: Attack = ({ httpUrl }) => {
  const count = 500;
  return Promise.resolve(async (assault) => {
    const agent = new Agent({ keepAlive: true, maxSockets: count });
    assault.signal.addEventListener('abort', () => agent.destroy());
    await repeat(
      assault,
      count,
      () =>
        new Promise((resolve) => {
          const page = get(`${httpUrl}/metrics`, { agent }, (response) => {
            response.once('close', () => resolve(`status ${response.statusCode}`)).resume();
          });
          page.on('error', () => resolve(undefined));
        }),
    );
  });
};
