import { Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import type { sendUnaryData, ServerDuplexStream, ServerUnaryCall, status } from '@grpc/grpc-js';
import type {
  PipelineCall,
  PipelineReply,
  PipelineRequest,
  PipelineResponse,
} from '@session-sidecar/proto/session/v1/pipeline';
import { SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';
import { complete, sessionWith } from './fake-sidecar';
import { methods } from './raw-grpc';
import type { MethodName } from './raw-grpc';

/** One Pipeline stream, from the sidecar's side. */
export interface FakeStream {
  /** Everything received so far. */
  readonly frames: readonly PipelineRequest[];
  /** The calls in these frames. */
  readonly calls: readonly PipelineCall[];
  readonly cancelled: readonly number[];
  readonly halfClosed: boolean;
  /** The metadata of the call that opened the stream. */
  readonly metadata: Metadata;
  /** @param response a message of the call's method, or arbitrary bytes */
  answer(call: PipelineCall, response?: unknown): void;
  reply(replies: PipelineReply[]): void;
  /** Reports changes. */
  report(report: Partial<PipelineResponse>): void;
  /** The clock values with which confirmation was requested so far. */
  readonly confirms: readonly number[];
  announceDraining(): void;
  /** Stops taking what the client sends. */
  stopReading(): void;
  readOn(): void;
  end(): void;
  fail(error: { code: status; details: string; metadata?: Metadata }): void;
}

export interface FakePipeline {
  readonly address: string;
  readonly streams: readonly FakeStream[];
  /** The number of calls that did not use the pipeline. */
  readonly unaryCalls: number;
  close(): void;
}

export interface FakePipelineOptions {
  /** Handles a call. Default: answers it from {@link answers}. */
  readonly onCall?: (call: PipelineCall, stream: FakeStream) => void;
  /** Whether to accept a stream. Default: yes. */
  readonly onStream?: (stream: FakeStream) => boolean;
  readonly address?: string;
}

const emptyResponse: PipelineResponse = { replies: [], draining: false, changed: [], allChanged: false, confirmed: 0 };

const answers: Readonly<Record<string, unknown>> = {
  GetSession: { session: sessionWith({ a: '1' }) },
  UpdateSession: { version: 2, expires: undefined, results: [{ applied: true, messages: [] }] },
  GetCsrfToken: { csrfToken: 'c'.repeat(22) },
};

/** A real gRPC server whose Pipeline a test controls, for what a real sidecar cannot be made to do on demand. */
export async function startFakePipeline({
  onCall = (call, stream) => stream.answer(call),
  onStream = () => true,
  address = '127.0.0.1:0',
}: FakePipelineOptions = {}): Promise<FakePipeline> {
  const streams: FakeStream[] = [];
  let unaryCalls = 0;
  const server = new Server();
  server.addService(SessionServiceService, {
    pipeline(duplex: ServerDuplexStream<PipelineRequest, PipelineResponse>) {
      const stream = fakeStream(duplex, onCall);
      streams.push(stream);
      if (onStream(stream)) duplex.sendMetadata(new Metadata());
    },
    getSession(_call: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<unknown>) {
      unaryCalls += 1;
      done(null, complete('getSession', answers['GetSession']));
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return {
    address: `127.0.0.1:${port}`,
    streams,
    get unaryCalls() {
      return unaryCalls;
    },
    close: () => server.forceShutdown(),
  };
}

function fakeStream(
  duplex: ServerDuplexStream<PipelineRequest, PipelineResponse>,
  onCall: NonNullable<FakePipelineOptions['onCall']>,
): FakeStream {
  const frames: PipelineRequest[] = [];
  let halfClosed = false;
  const stream: FakeStream = {
    frames,
    get calls() {
      return frames.flatMap((frame) => frame.calls);
    },
    get cancelled() {
      return frames.flatMap((frame) => frame.cancelled);
    },
    get halfClosed() {
      return halfClosed;
    },
    metadata: duplex.metadata,
    answer({ id, method }, response = answers[method]) {
      const value = Buffer.isBuffer(response) ? response : encodeResponse(method, response);
      stream.reply([{ id, outcome: { $case: 'response', value } }]);
    },
    reply: (replies) => stream.report({ replies }),
    report: (report) => void duplex.write({ ...emptyResponse, ...report }),
    announceDraining: () => stream.report({ draining: true }),
    get confirms() {
      return frames.map(({ confirm }) => confirm).filter((clock) => clock !== 0);
    },
    stopReading: () => void duplex.pause(),
    readOn: () => void duplex.resume(),
    end: () => duplex.end(),
    fail: (error) => void duplex.emit('error', error),
  };
  duplex.on('data', (frame: PipelineRequest) => {
    frames.push(frame);
    for (const call of frame.calls) onCall(call, stream);
  });
  duplex.on('end', () => {
    halfClosed = true;
    duplex.end();
  });
  return stream;
}

function encodeResponse(name: string, response: unknown): Buffer {
  const method = (Object.keys(methods) as MethodName[]).find((one) => methods[one].name === name);
  if (method === undefined) throw new Error(`There is no method ${name}.`);
  const serialize = SessionServiceService[method].responseSerialize as (message: unknown) => Buffer;
  return serialize(complete(method, response));
}
