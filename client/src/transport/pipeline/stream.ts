import { Metadata } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { PipelineRequest, PipelineResponse } from '@session-sidecar/proto/session/v1/pipeline';
import type { PipelineReply } from '@session-sidecar/proto/session/v1/pipeline';
import { SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';
import type { ApiToken } from '../api-token';
import { LateMetadataCredentials } from '../call-credentials';
import type { Connection } from '../channel';
import { encode } from '../encoding';

export interface PipelineStreamListener {
  /** The sidecar has taken the stream: what is written from now on reaches it. */
  onOpen(): void;
  onReplies(replies: readonly PipelineReply[]): void;
  /** The sidecar is about to stop. */
  onDraining(): void;
  /** After {@link PipelineStream.isFull}: there is room again. */
  onRoom(): void;
  /** The sidecar does not answer any more. Whether it will is not known. */
  onSilent(): void;
  /** The last event. `undefined`: ended in peace. */
  onEnd(error: ServiceError | undefined): void;
}

export interface PipelineStream {
  readonly isOpen: boolean;
  /** Whether the sidecar does not read as fast as is written. */
  readonly isFull: boolean;
  /** Does nothing once the stream has ended or was told to. */
  write(frame: PipelineRequest): void;
  /** Nothing is written any more. The sidecar still answers what it has. */
  end(): void;
  /** Ends the stream at once, on both sides. */
  cancel(): void;
}

export interface PipelineStreamOptions {
  readonly apiToken: ApiToken | undefined;
  /** Without a connection: whether to wait for one, or to fail with the reason. */
  readonly waitForReady: boolean;
}

const { path } = SessionServiceService.pipeline;

export function openPipelineStream(
  connection: Connection,
  { apiToken, waitForReady }: PipelineStreamOptions,
  listener: PipelineStreamListener,
): PipelineStream {
  const metadata = new Metadata({ waitForReady });
  const credentials = apiToken && { credentials: new LateMetadataCredentials({ apiToken }) };
  const streamClosed = connection.streamOpened(() => listener.onSilent());
  const stream = connection.client.makeBidiStreamRequest(path, encodeRequest, decodeResponse, metadata, credentials);
  let isOpen = false;
  let isFull = false;
  let isEnding = false;
  let hasEnded = false;
  stream.on('metadata', () => {
    isOpen = true;
    listener.onOpen();
  });
  stream.on('data', ({ replies, draining }: PipelineResponse) => {
    if (replies.length > 0) listener.onReplies(replies);
    if (draining) listener.onDraining();
  });
  stream.on('drain', () => {
    isFull = false;
    listener.onRoom();
  });
  const ended = (error?: ServiceError): void => {
    if (hasEnded) return;
    hasEnded = true;
    isOpen = false;
    streamClosed();
    listener.onEnd(error);
  };
  stream.on('error', ended);
  stream.on('end', () => {
    ended();
  });
  return {
    get isOpen() {
      return isOpen;
    },
    get isFull() {
      return isFull;
    },
    write(frame) {
      if (isEnding || hasEnded) return;
      isFull = !stream.write(frame);
    },
    end() {
      isEnding = true;
      stream.end();
    },
    cancel() {
      isEnding = true;
      stream.cancel();
    },
  };
}

function encodeRequest(frame: PipelineRequest): Buffer {
  return encode(PipelineRequest, frame);
}

function decodeResponse(bytes: Buffer): PipelineResponse {
  return PipelineResponse.decode(bytes);
}
