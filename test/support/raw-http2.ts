import { connect } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { ErrorInfo } from '@session-sidecar/proto/google/rpc/error_details';
import { Status } from '@session-sidecar/proto/google/rpc/status';

/** An HTTP/2 connection, on which a request can stop half way and a reply can stay unread. */
export interface Http2Connection {
  readonly session: ClientHttp2Session;
  /** Whether the connection was closed or received GOAWAY, after which Node.js stops reading and would miss the close. */
  isClosed(): boolean;
  /** Begins a call by sending its headers, and nothing else. */
  begin(method: string, headers?: Readonly<Record<string, string>>): Http2Call;
  destroy(): void;
}

export interface Http2Call {
  readonly stream: ClientHttp2Stream;
  /** The response headers, which include the status if the call failed without a message. */
  readonly headers: Promise<IncomingHttpHeaders>;
  /** The status name, and the reason if there is one. Rejects if the call did not fail. */
  readonly failure: Promise<{ readonly status: string; readonly reason: string | undefined }>;
}

/** A message with the prefix that gRPC puts before it. */
export function framed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** The messages in all data of a stream. */
export function messagesIn(data: Buffer): readonly Buffer[] {
  const messages: Buffer[] = [];
  for (let start = 0; start < data.length;) {
    const end = start + 5 + data.readUInt32BE(start + 1);
    messages.push(data.subarray(start + 5, end));
    start = end;
  }
  return messages;
}

export function connectHttp2(address: string): Http2Connection {
  // Attackers do not limit themselves, so neither may Node.js.
  const session = connect(`http://${address}`, { maxSessionMemory: 10_000 });
  session.on('error', () => undefined);
  let isClosed = false;
  for (const event of ['close', 'goaway']) session.once(event, () => (isClosed = true));
  return {
    session,
    isClosed: () => isClosed,
    begin(method, headers = {}) {
      const path = method.startsWith('/') ? method : `/session.v1.SessionService/${method}`;
      const sent = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers };
      const stream = session.request(sent, { endStream: false });
      stream.on('error', () => undefined);
      const answered = new Promise<IncomingHttpHeaders>((resolve, reject) => {
        stream.once('response', resolve);
        stream.once('close', () => reject(new Error('The stream ended without response headers.')));
      });
      answered.catch(() => undefined);
      const failure = answered.then(failureIn);
      failure.catch(() => undefined);
      return { stream, headers: answered, failure };
    },
    destroy: () => session.destroy(),
  };
}

function failureIn(headers: IncomingHttpHeaders): { readonly status: string; readonly reason: string | undefined } {
  const code = headers['grpc-status'];
  if (code === undefined) throw new Error('The call did not fail.');
  const details = headers['grpc-status-details-bin'];
  const info =
    typeof details !== 'string'
      ? undefined
      : Status.decode(Buffer.from(details, 'base64')).details.find(({ typeUrl }) => typeUrl.endsWith('ErrorInfo'));
  return { status: status[Number(code)] ?? '', reason: info && ErrorInfo.decode(info.value).reason };
}
