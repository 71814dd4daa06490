import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { AdminServiceDefinition } from '@session-sidecar/proto/session/admin/v1/admin_service';
import { encoderOf } from './grpc-method';
import type { GrpcMethod, MessageOf } from './grpc-method';
import { CallError, explainFailure, reasonOf } from './sidecar-calls';
import type { SidecarTarget } from './sidecar-target';

type Methods = typeof AdminServiceDefinition.methods;
type MethodName = keyof Methods;
type RequestOf<M extends MethodName> = MessageOf<Methods[M]['requestType']>;
type ResponseOf<M extends MethodName> = MessageOf<Methods[M]['responseType']>;

const howToAuthenticate =
  'The administration service requires a token of its own. Name a file with it with --admin-token-file, or set SESSION_SIDECAR_ADMIN_TOKENS.';

/** Calls of an operator, on one connection of its own. */
export class AdminCalls {
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
   * @param onResponse is called with each response
   * @returns the last response; `undefined`: interrupted before there was one
   * @throws CallError
   */
  call<M extends MethodName>(
    method: M,
    request: Partial<RequestOf<M>>,
    interrupted: AbortSignal,
    onResponse: (response: ResponseOf<M>) => void = () => {},
  ): Promise<ResponseOf<M> | undefined> {
    // Each definition fits itself; TypeScript cannot see that through a union of all of them.
    const definition = AdminServiceDefinition.methods[method] as unknown as GrpcMethod<RequestOf<M>, ResponseOf<M>>;
    const { responseType, name } = definition;
    const path = `/${AdminServiceDefinition.fullName}/${name}`;
    const encode = encoderOf(definition);
    return new Promise((resolve, reject) => {
      let last: ResponseOf<M> | undefined;
      // A unary RPC is a stream with one response.
      const stream = this.#client.makeServerStreamRequest(
        ...([path, encode, (bytes: Buffer) => responseType.decode(bytes), request, this.#metadata] as const),
      );
      interrupted.addEventListener('abort', () => stream.cancel());
      stream.on('data', (response: ResponseOf<M>) => {
        last = response;
        onResponse(response);
      });
      stream.on('end', () => resolve(last));
      stream.on('error', (error) => {
        if (interrupted.aborted) resolve(last);
        else reject(new CallError(reasonOf(error as never), (error as { readonly details?: string }).details ?? ''));
      });
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
