import { spawn } from 'node:child_process';
import { afterEach, expect, test } from '@jest/globals';
import { until } from '../support/poll';
import { binary, follow, probe, stopProcesses, untilServing } from '../support/process';
import { connectHttp2 } from '../support/raw-http2';
import type { Http2Connection } from '../support/raw-http2';

const connections: Http2Connection[] = [];

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.destroy();
  await stopProcesses();
});

test('a sidecar that may open few files allows fewer gRPC connections, says so, and answers its probes', async () => {
  const child = spawn('bash', ['-c', `ulimit -n 200; exec '${process.execPath}' '${binary}'`], {
    env: {
      PATH: process.env['PATH'],
      SESSION_SIDECAR_GRPC_ADDRESS: '127.0.0.1:0',
      SESSION_SIDECAR_HTTP_ADDRESS: '127.0.0.1:0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const sidecar = await untilServing(follow(child));
  const warning = sidecar.log().find(({ level }) => level === 'warn');
  expect(warning).toMatchObject({ connections: 72, setting: 'SESSION_SIDECAR_MAX_CONNECTIONS', asked: 1000 });

  // Each with a stream that stays open, so that none of them can be closed for another.
  for (let count = 0; count < 250; count++) {
    const connection = connectHttp2(sidecar.address);
    connections.push(connection);
    connection.begin('Pipeline');
  }
  await until('the rest to be closed', () => connections.filter((one) => one.isClosed()).length === 250 - 72);
  for (let probes = 0; probes < 20; probes++) {
    expect((await probe(`${sidecar.httpUrl}/livez`)).status).toBe(200);
  }
});
