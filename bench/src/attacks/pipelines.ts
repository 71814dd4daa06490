import { GetSessionRequest } from '@session-sidecar/proto/session/v1/session_service';
import type { Assault, Attack } from './attack';
import { cancel, reconnecting } from './http2';
import type { Connection } from './http2';
import { keepBusy, openPipeline, pipelineFrame } from './pipeline';
import { pause } from './repeat';
import { storeSession, times } from './sessions';

const streamCount = 6000;
const streamsPerConnection = 100;
/** How long one wave of streams waits for answers. */
const waveMs = 2000;

/** Opens thousands of streams that call an unknown method, while the reads of other streams occupy all call slots. */
export const unknownMethods: Attack = async (target) => {
  const { token } = await storeSession(target, 'x'.repeat(10_000));
  const calls = 256;
  const reads = pipelineFrame('GetSession', GetSessionRequest.encode({ token }).finish(), calls);
  const unknown = pipelineFrame('NoSuchMethod', new Uint8Array(), 1);
  return async (assault) => {
    const busy = times(16, () => keepBusy(assault, reconnecting(assault, target.address), reads, calls));
    const connections = times(streamCount / streamsPerConnection, () => reconnecting(assault, target.address));
    while (!assault.isOver) await wave(assault, connections, unknown);
    await Promise.all(busy);
  };
};

async function wave(assault: Assault, connections: readonly Connection[], frame: Buffer): Promise<void> {
  const streams = connections.flatMap((connection) => times(streamsPerConnection, () => openPipeline(connection)));
  const settled = streams.map(
    (stream) =>
      new Promise<void>((resolve) => {
        stream.once('data', () => {
          assault.count('unknown method: answered');
          resolve();
        });
        stream.once('close', resolve);
        stream.write(frame);
      }),
  );
  await Promise.race([Promise.all(settled), pause(assault, waveMs)]);
  assault.count('waves');
  streams.forEach(cancel);
  // Gives the streams time to close before the next wave.
  await pause(assault);
}
