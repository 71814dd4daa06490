import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { ErrorInfo } from '@session-sidecar/proto/google/rpc/error_details';
import { Status } from '@session-sidecar/proto/google/rpc/status';
import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import { CliError } from './cli-error';
import { encoderOf } from './grpc-method';
import type { GrpcMethod, MessageOf } from './grpc-method';
import type { SidecarTarget } from './sidecar-target';

const { pipeline: _pipeline, ...methods } = SessionServiceDefinition.methods;

type Methods = typeof methods;
export type MethodName = keyof Methods;
export type RequestOf<M extends MethodName> = MessageOf<Methods[M]['requestType']>;
export type ResponseOf<M extends MethodName> = MessageOf<Methods[M]['responseType']>;

/** A call that the sidecar answered with an error, or did not answer. */
export class CallError extends Error {
  override readonly name = 'CallError';

  /** @param reason of the API, or else the gRPC status */
  constructor(
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

/** Unary calls on one connection of its own. */
export class SidecarCalls {
  readonly #client: Client;
  readonly #metadata = new Metadata();
  readonly #address: string;

  constructor({ address, apiToken }: SidecarTarget) {
    this.#address = address;
    if (apiToken !== undefined) this.#metadata.set('authorization', `Bearer ${apiToken}`);
    this.#client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  }

  /**
   * @param request fields that are left out have their default
   * @throws CallError
   */
  call<M extends MethodName>(method: M, request: Partial<RequestOf<M>>, timeoutMs: number): Promise<ResponseOf<M>> {
    // Each definition fits itself; TypeScript cannot see that through a union of all of them.
    const definition = methods[method] as unknown as GrpcMethod<RequestOf<M>, ResponseOf<M>>;
    const { responseType, name } = definition;
    const path = `/${SessionServiceDefinition.fullName}/${name}`;
    const encode = encoderOf(definition);
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + timeoutMs };
      this.#client.makeUnaryRequest(
        ...([path, encode, (bytes: Buffer) => responseType.decode(bytes), request, this.#metadata, options] as const),
        (error, response) => {
          if (error === null) resolve(response!);
          else reject(new CallError(reasonOf(error), error.details));
        },
      );
    });
  }

  /** What a failed call means for the command. Other errors are returned as they are. */
  explain(error: unknown): unknown {
    return explainFailure(error, this.#address, howToAuthenticate);
  }

  close(): void {
    this.#client.close();
  }
}

const howToAuthenticate =
  'The sidecar requires an API token. Name a file with it with --api-token-file, or set SESSION_SIDECAR_API_TOKENS.';

/**
 * What a failed call means for a command. Other errors are returned as they are.
 *
 * @param howToAuthenticate what to do about a missing or wrong token
 */
export function explainFailure(error: unknown, address: string, howToAuthenticate: string): unknown {
  if (!(error instanceof CallError)) return error;
  const { reason, message } = error;
  switch (reason) {
    case 'UNAVAILABLE':
      return new CliError(
        'unavailable',
        `No sidecar answers at ${address}. Does it run? Name another address with --address.`,
      );
    case 'DEADLINE_EXCEEDED':
      return new CliError('unavailable', `The sidecar at ${address} did not answer in time.`);
    case 'API_TOKEN_INVALID':
      return new CliError('denied', howToAuthenticate);
    case 'STORE_UNAVAILABLE':
    case 'OVERLOADED':
    case 'DRAINING':
      return new CliError('unavailable', `${reason}: ${message}`);
    default:
      return new CliError('failed', `${reason}: ${message}`);
  }
}

export function reasonOf({ code, metadata }: ServiceError): string {
  const [details] = metadata.get('grpc-status-details-bin');
  if (details !== undefined) {
    const info = Status.decode(details as Buffer).details.find(({ typeUrl }) =>
      typeUrl.endsWith('google.rpc.ErrorInfo'),
    );
    if (info !== undefined) return ErrorInfo.decode(info.value).reason;
  }
  return status[code];
}
