import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { SessionClient } from '@session-sidecar/client';
import type { SessionData } from '@session-sidecar/client/express';
import { createDemo } from './app';
import { createMeter } from './meter';

const {
  HOST = '127.0.0.1',
  PORT = '3000',
  SIDECAR_ADDRESS = '127.0.0.1:50051',
  SIDECAR_HTTP = 'http://127.0.0.1:9464',
  REDIS_URL,
} = process.env;

async function main(): Promise<void> {
  const client = new SessionClient<SessionData>({ address: SIDECAR_ADDRESS });
  const meter = await createMeter({ metricsUrl: `${SIDECAR_HTTP}/metrics`, redisUrl: REDIS_URL || undefined });
  const close = (): void => {
    client.close();
    meter.close();
  };
  const server = createDemo({ client, meter, pay: () => delay(8000) }).listen(Number(PORT), HOST, (error) => {
    if (!error) {
      console.log(`The shop is open: http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      return;
    }
    console.error(`Cannot listen on ${HOST}:${PORT}: ${error.message}. HOST and PORT choose another address.`);
    process.exitCode = 1;
    close();
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      server.close(close);
      server.closeAllConnections();
    });
  }
}
void main();
