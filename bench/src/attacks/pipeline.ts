import type { ClientHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { PipelineRequest, PipelineResponse } from '@session-sidecar/proto/session/v1/pipeline';
import type { PipelineReply } from '@session-sidecar/proto/session/v1/pipeline';
import { SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';
import { grpcFrame } from '../sides/raw-http2';
import type { Assault } from './attack';
import { onMessages, openCall, statusOf } from './http2';
import type { Connection } from './http2';
import { pause } from './repeat';
import { times } from './sessions';

/** A frame that repeats the same call, with ids from 0. */
export function pipelineFrame(method: string, request: Uint8Array, count: number): Buffer {
  const metadata = new Map<string, string>();
  const calls = times(count, (id) => ({ id, method, request: Buffer.from(request), timeoutMs: 0, metadata }));
  return grpcFrame(PipelineRequest.encode({ calls, cancelled: [], confirm: 0 }).finish());
}

export function openPipeline(connection: Connection): ClientHttp2Stream {
  return openCall(connection, SessionServiceService.pipeline.path);
}

/** Sends the frame, waits for the replies to its calls, and repeats. Opens a new stream when one ends. */
export async function keepBusy(assault: Assault, connection: Connection, frame: Buffer, calls: number): Promise<void> {
  while (!assault.isOver) {
    const stream = openPipeline(connection);
    let missing = calls;
    onMessages(stream, (message) => {
      for (const reply of PipelineResponse.decode(message).replies) {
        assault.count(statusNameOf(reply));
        missing -= 1;
      }
      if (missing > 0) return;
      missing = calls;
      stream.write(frame);
    });
    const outcome = statusOf(stream);
    stream.write(frame);
    assault.count(`stream: ${(await outcome) ?? 'connection failed'}`);
    await pause(assault);
  }
}

function statusNameOf({ outcome }: PipelineReply): string {
  return status[outcome?.$case === 'error' ? outcome.value.code : 0]!;
}

/** Writes the frame as fast as the stream accepts it, until it closes. Returns the name of its status. */
export function writeWithoutEnd(stream: ClientHttp2Stream, frame: Buffer): Promise<string | undefined> {
  const write = (): void => {
    while (!stream.closed && !stream.destroyed && stream.write(frame));
  };
  stream.on('drain', write);
  write();
  return statusOf(stream);
}
