import { setTimeout as delay } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';
import { SessionClient } from '@session-sidecar/client';
import type { SessionData } from '@session-sidecar/client/express';
import { createShop } from './app';

const { HOST = '127.0.0.1', PORT = '3000', SIDECAR_ADDRESS = '127.0.0.1:50051' } = process.env;

const client = new SessionClient<SessionData>({ address: SIDECAR_ADDRESS });
const shop = createShop({ client, pay: () => delay(3000) });
const server = shop.listen(Number(PORT), HOST, (error) => {
  if (error) throw error;
  console.log(`The shop is open: http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.close(() => client.close()));
