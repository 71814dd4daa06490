import { Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { sendUnaryData, ServerDuplexStream, ServerUnaryCall } from '@grpc/grpc-js';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { Status } from '@session-sidecar/proto/google/rpc/status';
import { PipelineRequest } from '@session-sidecar/proto/session/v1/pipeline';
import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import { messageType, unaryMethods } from '../bytes/api';
import type { Choices } from '../bytes/choices';
import { messageSoup } from '../bytes/message-soup';
import type { SoupOptions } from '../bytes/message-soup';

export interface ScriptedSidecar {
  readonly address: string;
  /** What decides every answer from now on. */
  follow(choices: Choices): void;
  close(): void;
}

const statusType = messageType('google.rpc.Status');
const pipelineResponse = messageType('session.v1.PipelineResponse');
const asIs = (bytes: Buffer): Buffer => bytes;

const likely = {
  code: ['0', '5', '8', '10', '14', '16', '3', '13', '99', '-1'],
  reason: [
    'SESSION_NOT_FOUND',
    'TOKEN_INVALID',
    'VERSION_MISMATCH',
    'OVERLOADED',
    'DRAINING',
    'toString',
    'INTERNAL',
    '',
  ],
  type_url: ['ErrorInfo', 'BadRequest', 'RetryInfo', 'Nothing'].map((name) => `type.googleapis.com/google.rpc.${name}`),
  key: ['a', 'b', 'list'],
  token: [`${'A'.repeat(43)}.${'A'.repeat(24)}`],
};
const soup: SoupOptions = { likely, maxBytes: 128 * 1024 };

/** A real gRPC server whose answers are made up: messages with everything wrong in them, statuses with any details, broken streams. */
export async function startScriptedSidecar(choices: Choices): Promise<ScriptedSidecar> {
  let script = choices;
  const server = new Server();
  const paths: Record<string, ReturnType<typeof definitionOf>> = {};
  const handlers: Record<string, unknown> = {};
  for (const { name, output } of unaryMethods) {
    paths[name] = definitionOf(name, false);
    handlers[name] = (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void => {
      const dice = script.below(16);
      if (dice === 15) call.sendMetadata(new Metadata());
      // Without an answer, the deadline has to end the call.
      if (dice === 14 && script.isRare(4)) return;
      if (dice < 11) done(null, messageSoup(script, output, soup));
      else done(failureOf(script));
    };
  }
  paths['Pipeline'] = definitionOf('Pipeline', true);
  handlers['Pipeline'] = (stream: ServerDuplexStream<Buffer, Buffer>): void => {
    if (script.isRare(64)) {
      stream.emit('error', failureOf(script));
      return;
    }
    stream.sendMetadata(new Metadata());
    stream.on('data', (bytes: Buffer) => {
      for (const { id, method } of PipelineRequest.decode(bytes).calls) answer(stream, script, id, method);
    });
    stream.on('error', () => undefined);
    stream.on('end', () => stream.end());
  };
  server.addService(paths, handlers as never);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return {
    address: `127.0.0.1:${port}`,
    follow: (next) => (script = next),
    close: () => server.forceShutdown(),
  };
}

function definitionOf(name: string, isStream: boolean) {
  return {
    path: `/${SessionServiceDefinition.fullName}/${name}`,
    requestStream: isStream,
    responseStream: isStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}

const codes = [5, 14, 8, 10, 16, 3, 13, 4, 1, 12, 2, 7, 99];

function failureOf(choices: Choices) {
  const metadata = new Metadata();
  const isWhole = !choices.isRare(4);
  const details = isWhole ? messageSoup(choices, statusType, soup) : choices.take(choices.below(64));
  if (!choices.isRare(6)) metadata.set('grpc-status-details-bin', details.subarray(0, 4000));
  if (choices.isRare(6)) metadata.set('grpc-retry-pushback-ms', choices.pick(['0', '-1', 'x', '99999999999', '10']));
  return { code: choices.pick(codes), details: choices.pick(['made up', '', 'ü\u0000', 'x'.repeat(500)]), metadata };
}

/** One call on a Pipeline stream: with its reply, or with something else. */
function answer(stream: ServerDuplexStream<Buffer, Buffer>, choices: Choices, id: number, method: string): void {
  const reply = (outcome: BinaryWriter, of = id): Buffer =>
    Buffer.from(new BinaryWriter().tag(1, WireType.Varint).uint32(of).raw(outcome.finish()).finish());
  const frame = (...replies: Buffer[]): void => {
    const writer = new BinaryWriter();
    for (const one of replies) writer.tag(1, WireType.LengthDelimited).bytes(one);
    stream.write(Buffer.from(writer.finish()));
  };
  const { output } = unaryMethods.find(({ name }) => name === method) ?? { output: pipelineResponse };
  const response = (): BinaryWriter =>
    new BinaryWriter().tag(2, WireType.LengthDelimited).bytes(messageSoup(choices, output, soup));
  const error = (bytes: Uint8Array): BinaryWriter => new BinaryWriter().tag(3, WireType.LengthDelimited).bytes(bytes);
  const dice = choices.below(32);
  if (dice < 20) frame(reply(response()));
  else if (dice < 25) frame(reply(error(messageSoup(choices, statusType, soup))));
  else if (dice === 25) frame(reply(new BinaryWriter()));
  else if (dice === 26) frame(reply(response(), id + 1000), reply(response()));
  else if (dice === 27) frame(reply(response()), reply(response()));
  else if (dice === 28) frame(reply(error(Status.encode({ code: status.OK, message: '', details: [] }).finish())));
  else if (dice === 29) stream.write(messageSoup(choices, pipelineResponse, soup));
  else if (dice === 30) stream.write(choices.take(choices.below(64)));
  else stream.emit('error', failureOf(choices));
}
