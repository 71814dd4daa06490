import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSignedCertificate } from './certificate';
import { freePort } from './free-port';
import { startRedis } from './redis';
import type { RedisServer } from './redis';

export interface TlsRedisServer extends RedisServer {
  readonly tlsPort: number;
  /** What a client needs to connect, in PEM. The server requires a client certificate. */
  readonly tls: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };
}

/** A Redis that also listens with TLS. One self-signed certificate for 127.0.0.1 serves as CA, server and client certificate. */
export async function startTlsRedis(): Promise<TlsRedisServer> {
  const directory = mkdtempSync(join(tmpdir(), 'session-sidecar-tls-'));
  const { cert, key } = await selfSignedCertificate();
  const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  const tlsPort = await freePort();
  const server = await startRedis({
    args: [
      ...['--tls-port', String(tlsPort), '--tls-cert-file', certFile, '--tls-key-file', keyFile],
      ...['--tls-ca-cert-file', certFile, '--tls-auth-clients', 'yes'],
    ],
  });
  return {
    ...server,
    tlsPort,
    tls: { ca: Buffer.from(cert), cert: Buffer.from(cert), key: Buffer.from(key) },
    stop: async () => {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
