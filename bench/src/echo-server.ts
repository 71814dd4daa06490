// The cheapest possible unary grpc-js server: it answers every GetSession with the same bytes, and decodes nothing.
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import { SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';

const identity = (bytes: Buffer): Buffer => bytes;

process.once('message', ({ reply }: { reply: string }) => {
  const bytes = Buffer.from(reply, 'base64');
  const server = new Server();
  server.addService(
    {
      getSession: {
        path: SessionServiceService.getSession.path,
        requestStream: false,
        responseStream: false,
        requestSerialize: identity,
        requestDeserialize: identity,
        responseSerialize: identity,
        responseDeserialize: identity,
      },
    },
    {
      getSession(_call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) {
        answer(null, bytes);
      },
    },
  );
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.send?.({ address: `127.0.0.1:${port}` });
  });
});
process.once('disconnect', () => process.kill(process.pid));
