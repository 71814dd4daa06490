import { connect } from 'node:net';
import { chmodSync, rmSync, statSync } from 'node:fs';
import { ServerCredentials } from '@grpc/grpc-js';
import type { Server } from '@grpc/grpc-js';

export type GrpcAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  /** `path` is a file in a directory that exists. */
  | { readonly kind: 'unix'; readonly path: string };

/**
 * Binds a server. A socket file that a dead process left behind is replaced; one that somebody still answers on is not.
 *
 * @returns the address as clients write it, with the port that was chosen for port 0.
 */
export async function listen(server: Server, address: GrpcAddress): Promise<string> {
  if (address.kind === 'unix') await removeStaleSocket(address.path);
  const target = address.kind === 'tcp' ? hostAndPort(address.host, address.port) : `unix:${address.path}`;
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(target, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(new Error(`Cannot listen on ${target} (SESSION_SIDECAR_GRPC_ADDRESS): ${error.message}`));
    });
  });
  if (address.kind === 'tcp') return hostAndPort(address.host, port);
  // The app usually runs as another user of the same pod.
  chmodSync(address.path, 0o666);
  return target;
}

function hostAndPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function removeStaleSocket(path: string): Promise<void> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isSocket()) {
    throw new Error(`Cannot listen on unix:${path} (SESSION_SIDECAR_GRPC_ADDRESS): a file that is no socket is there.`);
  }
  if (await somebodyAnswers(path)) {
    throw new Error(`Cannot listen on unix:${path} (SESSION_SIDECAR_GRPC_ADDRESS): another process listens on it.`);
  }
  rmSync(path, { force: true });
}

function somebodyAnswers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
