import type { ISession, JsonValue, SessionClient } from '@session-sidecar/client';
import { connect } from '../../support/client';
import type { FakePipeline, FakePipelineOptions } from '../../support/fake-pipeline';
import { stackForEachTest } from '../../support/stack';

/** Starts fake sidecars and clients for the tests of a file, each of which ends what it started. */
export function pipelineClients() {
  const stack = stackForEachTest();
  const start = (options?: FakePipelineOptions) => stack.fakePipeline(options);
  const connectTo = (sidecar: { address: string }, transport?: 'pipeline' | 'unary') =>
    stack.use(connect(sidecar, { transport }));
  return { stack, start, connectTo };
}

export const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
export const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
export const named = (sidecar: FakePipeline, method: string) =>
  sidecar.streams.flatMap(({ calls }) => calls).filter((call) => call.method === method);

/** A session with something to save, which must not be sent twice. */
export async function changedSession(client: SessionClient): Promise<ISession<Record<string, JsonValue>>> {
  const session = await client.open('token');
  session.set('a', 2);
  return session;
}
