import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { Status } from '@session-sidecar/proto/google/rpc/status';
import { PipelineCall, PipelineRequest, PipelineResponse } from '@session-sidecar/proto/session/v1/pipeline';
import type { PipelineReply } from '@session-sidecar/proto/session/v1/pipeline';
import { SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';
import { until } from './poll';
import { encodeRequest, methods, RpcFailure } from './raw-grpc';
import type { MethodName, RequestOf } from './raw-grpc';

export type Report = Pick<PipelineResponse, 'changed' | 'allChanged' | 'confirmed'>;

export interface RequestFrame {
  readonly calls?: readonly Partial<PipelineCall>[];
  readonly cancelled?: readonly number[];
  readonly confirm?: number;
}

/** A plain Pipeline stream, without the features of the TypeScript client: messages, and below them raw bytes. */
export interface RawPipeline {
  /** Resolves when the response headers arrive. */
  readonly opened: Promise<void>;
  /** Everything received so far. */
  readonly replies: readonly PipelineReply[];
  /** The number of frames received. */
  readonly frames: number;
  readonly draining: boolean;
  /** The reports of changes, one for each frame that has any. */
  readonly reports: readonly Report[];
  /** The number of frames that have left this process. */
  readonly accepted: number;
  /** How the stream ended. */
  readonly end: Promise<RpcFailure | 'OK'>;
  send(frame: RequestFrame): void;
  sendBytes(frame: Buffer): void;
  /** Waits for the reply to a call. @throws RpcFailure if the call failed. */
  reply(id: number): Promise<Buffer>;
  halfClose(): void;
  cancel(): void;
}

const emptyCall = PipelineCall.decode(new Uint8Array());

export function encodeFrame({ calls = [], cancelled = [], confirm = 0 }: RequestFrame): Buffer {
  const frame = { calls: calls.map((call) => ({ ...emptyCall, ...call })), cancelled: [...cancelled], confirm };
  return Buffer.from(PipelineRequest.encode(frame).finish());
}

/** Connects for {@link openPipeline}. @param own whether to open a new connection instead of sharing one per address */
export function connectBare(address: string, { own = false } = {}): Client {
  return new Client(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
    ...(own && { 'grpc.use_local_subchannel_pool': 1 }),
  });
}

const asIs = (bytes: Buffer): Buffer => bytes;

export function openPipeline(client: Client, { metadata = new Metadata() } = {}): RawPipeline {
  const stream = client.makeBidiStreamRequest(SessionServiceService.pipeline.path, asIs, asIs, metadata);
  const replies: PipelineReply[] = [];
  const reports: Report[] = [];
  let frames = 0;
  let draining = false;
  let accepted = 0;
  let isOver = false;
  const opened = new Promise<void>((resolve) => stream.once('metadata', () => resolve()));
  const end = new Promise<RpcFailure | 'OK'>((resolve) => {
    stream.on('error', (error: Error & Partial<ServiceError>) => {
      // An error without metadata is about a write after the end. Another event reports how the call ended.
      if (error.metadata !== undefined) resolve(new RpcFailure(error as ServiceError));
    });
    stream.on('end', () => resolve('OK'));
  });
  void end.then(() => (isOver = true));
  stream.on('data', (bytes: Buffer) => {
    const { changed, allChanged, confirmed, ...frame } = PipelineResponse.decode(bytes);
    replies.push(...frame.replies);
    if (changed.length > 0 || allChanged || confirmed !== 0) reports.push({ changed, allChanged, confirmed });
    frames += 1;
    draining ||= frame.draining;
  });
  const sendBytes = (frame: Buffer): void => {
    stream.write(frame, () => (accepted += 1));
  };
  return {
    opened,
    replies,
    reports,
    end,
    get frames() {
      return frames;
    },
    get draining() {
      return draining;
    },
    get accepted() {
      return accepted;
    },
    send(frame) {
      sendBytes(encodeFrame(frame));
    },
    sendBytes,
    async reply(id) {
      const reply = await until(`the reply to call ${id}`, () => {
        const found = replies.find((one) => one.id === id);
        if (found === undefined && isOver) throw new Error(`The stream ended before the reply to call ${id}.`);
        return found;
      });
      return outcomeOf(reply);
    },
    halfClose: () => stream.end(),
    cancel: () => stream.cancel(),
  };
}

/** @throws RpcFailure if the call failed. */
export function outcomeOf({ outcome }: PipelineReply): Buffer {
  if (outcome === undefined) throw new Error('Expected a response or an error, got neither.');
  if (outcome.$case === 'response') return outcome.value;
  const { code, message: details } = outcome.value;
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(Status.encode(outcome.value).finish()));
  const error: unknown = Object.assign(new Error(details), { code, details, metadata });
  throw new RpcFailure(error as ServiceError);
}

/** The status name of a reply. */
export function statusNameOf({ outcome }: PipelineReply): string {
  return outcome?.$case === 'error' ? (status[outcome.value.code] ?? 'UNKNOWN') : 'OK';
}

/** Encodes a call for {@link RawPipeline.send}. */
export function callOf<M extends MethodName>(
  id: number,
  method: M,
  request: Partial<RequestOf<M>>,
  timeoutMs = 0,
  metadata: Readonly<Record<string, string>> = {},
): Partial<PipelineCall> {
  const sent = { timeoutMs, metadata: new Map(Object.entries(metadata)) };
  return { id, method: methods[method].name, request: encodeRequest(method, request), ...sent };
}
