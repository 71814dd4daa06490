import { Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import type { sendUnaryData, ServerUnaryCall, ServiceError, status, UntypedServiceImplementation } from '@grpc/grpc-js';
import { ErrorInfo, RetryInfo } from '@session-sidecar/proto/google/rpc/error_details';
import { Status } from '@session-sidecar/proto/google/rpc/status';
import { Session } from '@session-sidecar/proto/session/v1/session';
import { SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';

type Method = keyof typeof SessionServiceService;
type Call = ServerUnaryCall<unknown, unknown>;
/** Returns the response, or throws a {@link failure}. @param attempt 1 for the first call of the method */
export type Answer = (call: Call, attempt: number) => unknown;

/** The answers by method, as the generated service names it. */
export type Answers = Partial<Record<Method, Answer>>;

export interface FakeSidecar {
  readonly address: string;
  /** The methods that were called, in order. */
  readonly calls: readonly string[];
  close(): void;
}

/** A real gRPC server whose answers a test defines, for failures that a real sidecar cannot be made to have on demand. */
export async function startFakeSidecar(answers: Answers, address = '127.0.0.1:0'): Promise<FakeSidecar> {
  const calls: string[] = [];
  const server = new Server();
  const handlers: UntypedServiceImplementation = {};
  for (const [method, answer] of Object.entries(answers) as [Method, Answer][]) {
    handlers[method] = (call: Call, done: sendUnaryData<unknown>) => {
      calls.push(method);
      Promise.resolve()
        .then(() => answer(call, calls.filter((called) => called === method).length))
        .then(
          (response) => done(null, complete(method, response)),
          (error: unknown) => done(error as ServiceError),
        );
    };
  }
  server.addService(SessionServiceService, handlers);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { address: `127.0.0.1:${port}`, calls, close: () => server.forceShutdown() };
}

/** Adds defaults for the fields that the response leaves out. Generated code cannot encode a response without them. */
export function complete(method: Method, response: unknown): object {
  return { ...SessionServiceService[method].responseDeserialize(Buffer.alloc(0)), ...(response as object) };
}

export function sessionWith(data: Record<string, string> = {}, rest: Partial<Session> = {}): Session {
  const entries = Object.entries(data).map(([key, value]) => [key, Buffer.from(value)] as const);
  return {
    ...Session.decode(new Uint8Array()),
    handle: 'h'.repeat(22),
    csrfToken: 'c'.repeat(22),
    version: 1,
    created: new Date(0),
    data: new Map(entries),
    ...rest,
  };
}

/** A failure as a server sends it, with details as a google.rpc.Status in the trailer. */
export function failure(
  code: status,
  reason?: string,
  { metadata = {}, retryAfterMs }: { metadata?: Record<string, string>; retryAfterMs?: number } = {},
) {
  const trailer = new Metadata();
  const any = (name: string, value: Uint8Array) => ({
    typeUrl: `type.googleapis.com/google.rpc.${name}`,
    value: Buffer.from(value),
  });
  const details = [];
  if (reason !== undefined) {
    const info = { reason, domain: 'session.v1', metadata: new Map(Object.entries(metadata)) };
    details.push(any('ErrorInfo', ErrorInfo.encode(info).finish()));
  }
  if (retryAfterMs !== undefined) {
    const retryDelay = { seconds: Math.floor(retryAfterMs / 1000), nanos: (retryAfterMs % 1000) * 1e6 };
    details.push(any('RetryInfo', RetryInfo.encode({ retryDelay }).finish()));
  }
  trailer.set('grpc-status-details-bin', Buffer.from(Status.encode({ code, message: 'made up', details }).finish()));
  return { code, details: 'made up', metadata: trailer };
}
