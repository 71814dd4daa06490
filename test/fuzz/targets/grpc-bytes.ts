import { connectRaw } from '../../support/raw-grpc';
import { Choices } from '../bytes/choices';
import { hasGoaway, hasPong, http2Bytes, ping } from '../bytes/http2-frames';
import type { Target } from '../engine/target';
import { exchange } from './exchange';
import { checkingBetween, startUnderFire } from './sidecar-process';

export const grpcBytes: Target = {
  name: 'grpc-bytes',
  property:
    'Any bytes at the gRPC port or Unix socket end in bounded time and memory; the process lives on, and a client beside it is served.',
  maxBytes: 512,
  seeds: [
    Uint8Array.from([0, 0, 1, 0, 0, 0]),
    Uint8Array.from([0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 4, 0, 4]),
    Uint8Array.from([1, 0, 0, 255, 255]),
    ...Array.from({ length: 16 }, (_, kind) => Uint8Array.from([2, 0, 1, 0, kind, 1, 0, 0, 0, 1, 0, kind])),
  ],
  async open() {
    const sidecar = await startUnderFire();
    let pid: number | undefined;
    let neighbour = connectRaw(sidecar.current.address);
    let token = '';
    const callBeside = async (): Promise<void> => {
      if (pid !== sidecar.current.child.pid) {
        neighbour.close();
        neighbour = connectRaw(sidecar.current.address);
        ({ token } = await neighbour.call('createSession', {}));
        pid = sidecar.current.child.pid;
      }
      await neighbour.call('getSession', { token });
    };
    const send = async (input: Buffer): Promise<void> => {
      const choices = new Choices(input);
      const isUnix = choices.byte() % 2 === 1;
      const bytes = choices.isRare(12) ? choices.rest() : http2Bytes(choices);
      const [host, port] = sidecar.current.address.split(':');
      const to = isUnix ? { path: sidecar.socketPath } : { host, port: Number(port) };
      await exchange(to, Buffer.concat([bytes, ping]), { isOver: hasGoaway, hasArrived: hasPong });
    };
    await callBeside();
    return {
      run: checkingBetween(sidecar, send, callBeside),
      close: async () => {
        neighbour.close();
        await sidecar.close();
      },
    };
  },
};
