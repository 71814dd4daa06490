import assert from 'node:assert/strict';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { PipelineRequest } from '@session-sidecar/proto/session/v1/pipeline';
import { connectBare, openPipeline, outcomeOf } from '../../support/raw-pipeline';
import type { RawPipeline } from '../../support/raw-pipeline';
import { connectRaw, RpcFailure } from '../../support/raw-grpc';
import { startReadySidecar } from '../../support/ready-sidecar';
import { messageType, unaryMethods } from '../bytes/api';
import { Choices } from '../bytes/choices';
import { messageSoup } from '../bytes/message-soup';
import { fieldsOf } from '../bytes/wire-fields';
import type { Target } from '../engine/target';
import { assertDocumented } from './documented';

const request = messageType('session.v1.PipelineRequest');
const token = `${'A'.repeat(43)}.${'A'.repeat(24)}`;
const likely = { token: [token], method: unaryMethods.map(({ name }) => name) };
const mostFrames = 4;
/** A little more than gRPC takes. */
const mostFrameBytes = 4.5 * 1024 * 1024;
/** Many times what any frame takes. */
const patienceMs = 10_000;

export const pipelineFrames: Target = {
  name: 'pipeline-frames',
  property:
    'Any frames on a Pipeline stream are answered, each call once, or end the stream with a documented error; other streams do not notice.',
  guidedBy: ['server/src/grpc', 'server/src/rpc'],
  maxBytes: 2048,
  seeds: [
    ...unaryMethods.map((_method, index) => Uint8Array.from([2, 1, 1, 0, index, 0, 0, 0, 0, 0, 0])),
    Buffer.concat([Buffer.of(0), PipelineRequest.encode({ calls: [], cancelled: [1, 2], confirm: 3 }).finish()]),
    Uint8Array.from([1, 0, 0, 0, 1, 2]),
  ],
  async open() {
    const sidecar = await startReadySidecar();
    const channel = connectBare(sidecar.address);
    const neighbour = connectRaw(sidecar.address);
    const session = await neighbour.call('createSession', {});
    let count = 0;
    return {
      async run(input) {
        const choices = new Choices(input);
        const stream = openPipeline(channel);
        const frames: Buffer[] = [];
        do {
          frames.push(frameOf(choices));
        } while (!choices.isOver && frames.length < mostFrames);
        for (const frame of frames) stream.sendBytes(frame);
        const isCancelled = choices.isRare(32);
        if (isCancelled) stream.cancel();
        else stream.halfClose();
        await checkEnd(stream, frames, isCancelled);
        count += 1;
        if (count % 16 === 0) await neighbour.call('getSession', { token: session.token });
      },
      close: async () => {
        channel.close();
        neighbour.close();
        await sidecar.close();
      },
    };
  },
};

async function checkEnd(stream: RawPipeline, frames: readonly Buffer[], isCancelled: boolean): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the stream does not end')), patienceMs);
  });
  const end = await Promise.race([stream.end, tooLate]).finally(() => clearTimeout(timer));
  for (const reply of stream.replies) {
    try {
      outcomeOf(reply);
    } catch (error) {
      if (!(error instanceof RpcFailure)) throw error;
      assertDocumented(error);
    }
  }
  if (end === 'OK') checkReplies(stream, frames);
  else if (!isCancelled) assertDocumented(end);
}

/** Every call is answered once; one that was cancelled, once at most. Throws for a frame that should have been refused. */
function checkReplies({ replies }: RawPipeline, frames: readonly Buffer[]): void {
  const read = frames.map(readFrame);
  const cancelled = new Set(read.flatMap((frame) => frame.cancelled));
  const expected = countsOf(read.flatMap(({ ids }) => ids));
  const answered = countsOf(replies.map(({ id }) => id));
  for (const [id, count] of answered) assert.ok(count <= (expected.get(id) ?? 0), 'a call is answered too often');
  for (const [id, count] of expected) {
    if (!cancelled.has(id)) assert.equal(answered.get(id) ?? 0, count, 'answers to a call');
  }
}

/** What proto/session/v1/pipeline.proto says of the ids in a frame, without the sidecar's reader. */
function readFrame(frame: Buffer): { readonly ids: readonly number[]; readonly cancelled: readonly number[] } {
  const fields = fieldsOf(frame);
  const ids = fields.flatMap(({ number, bytes }) => (number === 1 && bytes !== undefined ? [idOf(bytes)] : []));
  const cancelled = fields.flatMap(({ number, bytes, varint }) => {
    if (number !== 2) return [];
    return varint === undefined ? packed(bytes ?? Buffer.alloc(0)) : [varint];
  });
  return { ids, cancelled };
}

function idOf(call: Uint8Array): number {
  let id = 0;
  for (const { number, bytes, varint } of fieldsOf(call)) {
    if (number === 1 && varint !== undefined) id = varint;
    if (number === 5 && bytes !== undefined) fieldsOf(bytes);
  }
  return id;
}

function packed(bytes: Uint8Array): number[] {
  const reader = new BinaryReader(bytes);
  const numbers: number[] = [];
  while (reader.pos < reader.len) numbers.push(reader.uint32());
  return numbers;
}

function countsOf(ids: readonly number[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

function frameOf(choices: Choices): Buffer {
  switch (choices.below(4)) {
    case 0:
      return choices.take(choices.below(256));
    case 1:
      return messageSoup(choices, request, { likely });
    default:
      return frameOfCalls(choices);
  }
}

/** Calls that make sense by themselves, with ids that repeat, unknown methods, too many of them, and much beside them. */
function frameOfCalls(choices: Choices): Buffer {
  const writer = new BinaryWriter();
  const count = 1 + choices.below(4);
  for (let made = 0; made < count; made += 1) {
    const wanted = choices.isRare(48) ? choices.pick([2, 2, 30, 300, 1024, 1025, 20_000]) : 1;
    const call = callOf(choices);
    const copies = Math.min(wanted, Math.ceil(mostFrameBytes / call.length));
    for (let copy = 0; copy < copies; copy += 1) {
      const id = new BinaryWriter()
        .tag(1, WireType.Varint)
        .uint32(choices.isRare(64) ? 1 : made * 100_000 + copy)
        .finish();
      writer.tag(1, WireType.LengthDelimited).bytes(Buffer.concat([id, call]));
    }
  }
  const cancellations = choices.isRare(8) ? choices.pick([1, 3, 2000]) : 0;
  for (let made = 0; made < cancellations; made += 1) writer.tag(2, WireType.Varint).uint32(made);
  return Buffer.from(writer.finish());
}

/** A PipelineCall without its id. */
function callOf(choices: Choices): Buffer {
  const { name, input } = choices.pick(unaryMethods);
  const writer = new BinaryWriter();
  const method = choices.isRare(12)
    ? choices.pick(['', 'Pipeline', 'x'.repeat(70_000), 'toString', 'getSession'])
    : name;
  writer.tag(2, WireType.LengthDelimited).string(method);
  writer.tag(3, WireType.LengthDelimited).bytes(messageSoup(choices, input, { likely, maxBytes: 65_536 }));
  if (choices.isRare(6)) writer.tag(4, WireType.Varint).uint32(choices.pick([1, 50, 1000, 2 ** 31, 2 ** 32 - 1]));
  const metadata = choices.isRare(6) ? choices.pick([1, 2, 500]) : 0;
  const value = choices.pick([
    '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01',
    'x'.repeat(9000),
    'a\r\nb: c',
    '\u0000',
  ]);
  for (let made = 0; made < metadata; made += 1) {
    const key = made === 0 ? 'traceparent' : choices.pick(['grpc-timeout', ':path', '__proto__', 'A B', `k${made}`]);
    const entry = new BinaryWriter()
      .tag(1, WireType.LengthDelimited)
      .string(key)
      .tag(2, WireType.LengthDelimited)
      .string(value);
    writer.tag(5, WireType.LengthDelimited).bytes(entry.finish());
  }
  return Buffer.from(writer.finish());
}
