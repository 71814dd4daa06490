import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import type { CallOptions, ClientOptions, ServiceError } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo, RetryInfo } from '@session-sidecar/proto/google/rpc/error_details';
import { Status } from '@session-sidecar/proto/google/rpc/status';
import type { Mutation } from '@session-sidecar/proto/session/v1/session';
import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';

const {
  pipeline: _pipeline,
  watchSessions: _watch,
  acknowledgeSessionEvents: _acknowledge,
  ...unaryMethods
} = SessionServiceDefinition.methods;

/** Every unary RPC on a session. */
export const methods = unaryMethods;

type Methods = typeof methods;
export type MethodName = keyof Methods;
type MessageOf<Type> = Type extends { decode(input: Uint8Array): infer Message } ? Message : never;
export type RequestOf<M extends MethodName> = MessageOf<Methods[M]['requestType']>;
export type ResponseOf<M extends MethodName> = MessageOf<Methods[M]['responseType']>;

/** A failed call as any gRPC client sees it: the status and its decoded details. */
export class RpcFailure extends Error {
  override readonly name = 'RpcFailure';
  readonly status: string;
  readonly reason: string | undefined;
  readonly domain: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** Descriptions by field path. */
  readonly violations: Readonly<Record<string, string>>;
  readonly retryDelayMs: number | undefined;

  constructor(error: ServiceError) {
    super(error.details);
    this.status = status[error.code];
    const [trailer] = error.metadata.get('grpc-status-details-bin');
    const details = trailer === undefined ? [] : Status.decode(trailer as Buffer).details;
    const find = <T>(name: string, type: { decode(bytes: Uint8Array): T }): T | undefined => {
      const detail = details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/google.rpc.${name}`);
      return detail && type.decode(detail.value);
    };
    const info = find('ErrorInfo', ErrorInfo);
    this.reason = info?.reason;
    this.domain = info?.domain;
    this.metadata = Object.fromEntries(info?.metadata ?? []);
    const violations = find('BadRequest', BadRequest)?.fieldViolations ?? [];
    this.violations = Object.fromEntries(violations.map(({ field, description }) => [field, description]));
    const delay = find('RetryInfo', RetryInfo)?.retryDelay;
    this.retryDelayMs = delay && delay.seconds * 1000 + delay.nanos / 1e6;
  }
}

export interface RawCallOptions extends CallOptions {
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The plain API, without the features of the TypeScript client: typed calls, and below them raw bytes. */
export interface RawClient {
  /** Fields that are left out have their protobuf default. @throws RpcFailure */
  call<M extends MethodName>(
    method: M,
    request: Partial<RequestOf<M>>,
    options?: RawCallOptions,
  ): Promise<ResponseOf<M>>;
  /** Sends any bytes to any method. @throws RpcFailure */
  send(method: string, request: Uint8Array, options?: RawCallOptions): Promise<Buffer>;
  close(): void;
}

/** @param options of grpc-js */
export function connectRaw(address: string, options: ClientOptions = {}): RawClient {
  const client = new Client(address, credentials.createInsecure(), options);
  const send: RawClient['send'] = (method, request, { metadata = {}, ...options } = {}) =>
    new Promise((resolve, reject) => {
      const [serialize, deserialize] = [(bytes: Buffer) => bytes, (bytes: Buffer) => bytes];
      const path = `/${SessionServiceDefinition.fullName}/${method}`;
      const sent = Metadata.fromHttp2Headers(metadata);
      const timed = { deadline: Date.now() + 20_000, ...options };
      client.makeUnaryRequest(path, serialize, deserialize, Buffer.from(request), sent, timed, (error, response) => {
        if (error === null) resolve(response ?? Buffer.alloc(0));
        else reject(new RpcFailure(error));
      });
    });
  return {
    async call<M extends MethodName>(method: M, request: Partial<RequestOf<M>>, options?: RawCallOptions) {
      const bytes = await send(methods[method].name, encodeRequest(method, request), options);
      return methods[method].responseType.decode(bytes) as ResponseOf<M>;
    },
    send,
    close: () => client.close(),
  };
}

export function encodeRequest<M extends MethodName>(method: M, request: Partial<RequestOf<M>>): Buffer {
  // TypeScript cannot see that a method's own type fits, because `methods[method]` is a union of all of them.
  const type = methods[method].requestType as unknown as {
    decode(bytes: Uint8Array): RequestOf<M>;
    encode(message: RequestOf<M>): { finish(): Uint8Array };
  };
  return Buffer.from(type.encode({ ...type.decode(new Uint8Array()), ...request }).finish());
}

/** The failure of a call. @throws Error if the call succeeds */
export async function failureOf(call: Promise<unknown>): Promise<RpcFailure> {
  const outcome: unknown = await call.catch((error: unknown) => error);
  if (outcome instanceof RpcFailure) return outcome;
  if (outcome instanceof Error) throw outcome;
  throw new Error(`Expected the call to fail, got ${JSON.stringify(outcome)}.`);
}

/** Builds mutations. Values are JSON texts. */
export const mutation = {
  set: (key: string, value: string | Buffer): Mutation => ({
    kind: { $case: 'set', value: { key, value: Buffer.from(value) } },
  }),
  setIfAbsent: (key: string, value: string): Mutation => ({
    kind: { $case: 'setIfAbsent', value: { key, value: Buffer.from(value) } },
  }),
  delete: (key: string): Mutation => ({ kind: { $case: 'delete', value: { key } } }),
  take: (key: string): Mutation => ({ kind: { $case: 'take', value: { key } } }),
  clear: (): Mutation => ({ kind: { $case: 'clear', value: {} } }),
  append: (key: string, value: string | Buffer, unlessPresent = false): Mutation => ({
    kind: { $case: 'append', value: { key, value: Buffer.from(value), unlessPresent } },
  }),
  increment: (key: string, by: number): Mutation => ({ kind: { $case: 'increment', value: { key, by } } }),
  pushFlash: (queue: string, message: string, unlessPresent = false): Mutation => ({
    kind: { $case: 'pushFlash', value: { queue, message: Buffer.from(message), unlessPresent } },
  }),
  popFlash: (queue: string): Mutation => ({ kind: { $case: 'popFlash', value: { queue } } }),
};
