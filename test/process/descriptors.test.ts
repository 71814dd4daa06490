import { expect, test } from '@jest/globals';
import { until } from '../support/poll';
import { asVariables, binary, probe, untilServing } from '../support/process';
import { connectHttp2 } from '../support/raw-http2';
import type { Http2Connection } from '../support/raw-http2';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

test('a sidecar that may open few files allows fewer gRPC connections, says so, and answers its probes', async () => {
  const limited = stack.command('bash', ['-c', `ulimit -n 200; exec '${process.execPath}' '${binary}'`], {
    env: {
      PATH: process.env['PATH'],
      ...asVariables({ GRPC_ADDRESS: '127.0.0.1:0', HTTP_ADDRESS: '127.0.0.1:0' }),
    },
  });
  const sidecar = await untilServing(limited);
  const warning = sidecar.log().find(({ level }) => level === 'warn');
  expect(warning).toMatchObject({ connections: 72, setting: 'SESSION_SIDECAR_MAX_CONNECTIONS', asked: 1000 });

  // Each with a stream that stays open, so that none of them can be closed for another.
  const connections: Http2Connection[] = [];
  for (let count = 0; count < 250; count++) {
    const connection = connectHttp2(sidecar.address);
    stack.defer(() => connection.destroy());
    connections.push(connection);
    connection.begin('Pipeline');
  }
  await until('the rest to be closed', () => connections.filter((one) => one.isClosed()).length === 250 - 72);
  for (let probes = 0; probes < 20; probes++) {
    expect((await probe(`${sidecar.httpUrl}/livez`)).status).toBe(200);
  }
});
