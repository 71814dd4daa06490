import { SessionClient } from '@session-sidecar/client';
import { startCall } from '../../../client/src/transport/call-options';
import type { CallOptions } from '../../../client/src/transport/call-options';
import { retryingTransport } from '../../../client/src/transport/retrying-transport';
import { openChannel } from '../../../client/src/transport/channel';
import { PipelineTransport } from '../../../client/src/transport/pipeline/pipeline-transport';
import type { MethodName, RequestOf, ResponseOf } from '../../../client/src/transport/transport';
import { unaryTransport } from '../../../client/src/transport/unary-transport';
import { connectAdmin } from '../../support/raw-admin';
import type { RawAdmin } from '../../support/raw-admin';
import type { MergedKey, Register } from '../history';
import type { Target } from './protocol';

/** The data of the sessions. */
export type Data = { log: string[]; count: number; locked: string[] } & Record<Register | MergedKey, string>;

/** Both ways to use one sidecar: the client's typed sessions, and the API calls below them. */
export interface Connection {
  readonly sidecar: string;
  readonly sessions: SessionClient<Data>;
  /** The service for administration, if it is served. */
  readonly admin: RawAdmin | undefined;
  call<M extends MethodName>(method: M, request: RequestOf<M>, options: CallOptions): Promise<ResponseOf<M>>;
  close(): void;
}

export function openConnection(
  { sidecar, address, adminAddress }: Target,
  { transport, cache }: { readonly transport: 'pipeline' | 'unary'; readonly cache: boolean },
): Connection {
  const sessions = new SessionClient<Data>({ address, transport, cache: cache ? { maxBytes: 1 << 24 } : undefined });
  // Assembled as in SessionClient.
  const channel = openChannel(address);
  const unary = unaryTransport(channel, address);
  const calls = retryingTransport(transport === 'unary' ? unary : new PipelineTransport(channel, address, unary));
  const admin = adminAddress === undefined ? undefined : connectAdmin(adminAddress);
  return {
    ...{ sidecar, sessions, admin },
    call: (method, request, options) => calls.call(method, request, startCall(options, 1000)),
    close() {
      sessions.close();
      calls.close();
      admin?.close();
    },
  };
}
