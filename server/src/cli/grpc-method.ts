/** A method of a service as ts-proto defines it, as far as a call needs it. */
export interface GrpcMethod<Request, Response> {
  readonly name: string;
  readonly requestType: {
    decode(input: Uint8Array): Request;
    encode(message: Request): { finish(): Uint8Array };
  };
  readonly responseType: { decode(bytes: Uint8Array): Response };
}

/** The message that a type of ts-proto encodes. */
export type MessageOf<T> = T extends { decode(input: Uint8Array): infer Message } ? Message : never;

/** Makes a function that encodes requests. Fields that are left out have their default. */
export function encoderOf<Request>({
  requestType,
}: GrpcMethod<Request, unknown>): (request: Partial<Request>) => Buffer {
  // Decoded, a message in which every field has its default.
  const nothing = new Uint8Array();
  return (request) => Buffer.from(requestType.encode({ ...requestType.decode(nothing), ...request }).finish());
}
