import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { AdminServiceDefinition } from '@session-sidecar/proto/session/admin/v1/admin_service';
import { RpcFailure } from './raw-grpc';

type Methods = typeof AdminServiceDefinition.methods;
type MessageOf<Type> = Type extends { decode(input: Uint8Array): infer Message } ? Message : never;
export type AdminMethod = keyof Methods;
type RequestOf<M extends AdminMethod> = MessageOf<Methods[M]['requestType']>;
type ResponseOf<M extends AdminMethod> = MessageOf<Methods[M]['responseType']>;

/** session.admin.v1, as a generated stub calls it. */
export interface RawAdmin {
  /** @returns all responses; of a unary RPC, one. @throws RpcFailure */
  call<M extends AdminMethod>(method: M, request?: Partial<RequestOf<M>>, timeoutMs?: number): Promise<ResponseOf<M>[]>;
  /** @throws RpcFailure */
  last<M extends AdminMethod>(method: M, request?: Partial<RequestOf<M>>, timeoutMs?: number): Promise<ResponseOf<M>>;
  /** Sends any bytes. @throws RpcFailure */
  send(method: AdminMethod, request: Uint8Array, timeoutMs?: number): Promise<Buffer[]>;
  close(): void;
}

/** @param token `undefined`: none is sent */
export function connectAdmin(address: string | undefined, token?: string): RawAdmin {
  if (address === undefined) throw new Error('The sidecar has no administration service.');
  const client = new Client(address, credentials.createInsecure());
  const metadata = Metadata.fromHttp2Headers(token === undefined ? {} : { authorization: `Bearer ${token}` });
  const send: RawAdmin['send'] = (method, request, timeoutMs = 60_000) =>
    new Promise((resolve, reject) => {
      const responses: Buffer[] = [];
      const path = `/${AdminServiceDefinition.fullName}/${AdminServiceDefinition.methods[method].name}`;
      const asIs = (bytes: Buffer): Buffer => bytes;
      const stream = client.makeServerStreamRequest(path, asIs, asIs, Buffer.from(request), metadata, {
        deadline: Date.now() + timeoutMs,
      });
      stream.on('data', (bytes: Buffer) => responses.push(bytes));
      stream.on('end', () => resolve(responses));
      stream.on('error', (error) => reject(new RpcFailure(error as ServiceError)));
    });
  const call: RawAdmin['call'] = async (method, request = {}, timeoutMs) => {
    const { requestType, responseType } = AdminServiceDefinition.methods[method] as unknown as MethodOf<typeof method>;
    const bytes = requestType.encode({ ...requestType.decode(new Uint8Array()), ...request }).finish();
    return (await send(method, bytes, timeoutMs)).map((response) => responseType.decode(response));
  };
  return {
    call,
    last: async (...asked) => (await call(...asked)).at(-1)!,
    send,
    close: () => client.close(),
  };
}

interface MethodOf<M extends AdminMethod> {
  readonly requestType: {
    decode(input: Uint8Array): RequestOf<M>;
    encode(message: RequestOf<M>): { finish(): Uint8Array };
  };
  readonly responseType: { decode(bytes: Uint8Array): ResponseOf<M> };
}
