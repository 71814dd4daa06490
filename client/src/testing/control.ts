import { Client, credentials, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { Duration } from '@session-sidecar/proto/google/protobuf/duration';
import { Timestamp } from '@session-sidecar/proto/google/protobuf/timestamp';

const service = '/session.testing.v1.TestControl';

/** How long a call may take, in ms. */
const callMs = 10_000;

const empty = Buffer.alloc(0);

/** What tests do to a sidecar that lets them. */
export class Control {
  readonly #client: Client;
  readonly #address: string;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure(), { 'grpc.enable_http_proxy': 0 });
    this.#address = address;
  }

  async advance(milliseconds: number): Promise<Date> {
    const seconds = Math.floor(milliseconds / 1000);
    const request = Duration.encode({ seconds, nanos: Math.round((milliseconds % 1000) * 1e6) }).finish();
    const now = Timestamp.decode(await this.#call('AdvanceClock', request));
    return new Date(now.seconds * 1000 + now.nanos / 1e6);
  }

  async reset(): Promise<void> {
    await this.#call('Reset', empty);
  }

  close(): void {
    this.#client.close();
  }

  #call(method: string, request: Uint8Array): Promise<Uint8Array> {
    const toBuffer = (bytes: Uint8Array) => Buffer.from(bytes);
    const options = { deadline: Date.now() + callMs };
    return new Promise((resolve, reject) => {
      const answered = (error: ServiceError | null, reply: Buffer = empty): void => {
        if (error === null) resolve(reply);
        else reject(this.#explain(error));
      };
      this.#client.makeUnaryRequest(`${service}/${method}`, toBuffer, toBuffer, request, options, answered);
    });
  }

  #explain({ code, details }: ServiceError): Error {
    if (code !== status.UNIMPLEMENTED) return new Error(`The session sidecar at ${this.#address} failed: ${details}`);
    return new Error(
      `The session sidecar at ${this.#address} does not let tests control it: it needs SESSION_SIDECAR_TEST_CONTROL=on, and a release with that setting.`,
    );
  }
}
