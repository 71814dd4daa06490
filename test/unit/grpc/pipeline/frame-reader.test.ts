import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { PipelineRequest } from '@session-sidecar/proto/session/v1/pipeline';
import { FrameError, readFrame } from '../../../../server/src/grpc/pipeline/frame-reader';

const uint32 = fc.nat(2 ** 32 - 1);
const call = fc.record({
  id: uint32,
  method: fc.string({ unit: 'grapheme' }),
  request: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  timeoutMs: uint32,
  metadata: fc
    .array(fc.tuple(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 })), { maxLength: 10 })
    .map((entries) => new Map(entries)),
});
const frames = fc.record({
  calls: fc.array(call, { maxLength: 20 }),
  cancelled: fc.array(uint32, { maxLength: 20 }),
  confirm: fc.oneof(fc.constant(0), fc.maxSafeNat()),
});

const encode = (frame: PipelineRequest): Buffer => Buffer.from(PipelineRequest.encode(frame).finish());
const bytesOf = (fields: (writer: BinaryWriter) => BinaryWriter): Uint8Array => fields(new BinaryWriter()).finish();
const emptyCalls = (count: number): Buffer => Buffer.alloc(2 * count, Buffer.from([0x0a, 0x00]));

describe('the reader of frames', () => {
  test('reads what the generated one reads', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        const { calls, cancelled, confirm } = readFrame(encode(frame), 1024);
        expect({
          calls: calls.map(({ hasTooMuchMetadata: _, ...rest }) => ({ ...rest, metadata: new Map(rest.metadata) })),
          cancelled,
          confirm,
        }).toEqual(PipelineRequest.decode(encode(frame)));
        expect(calls.some(({ hasTooMuchMetadata }) => hasTooMuchMetadata)).toBe(false);
      }),
    );
  });

  test('keeps of a frame at most twice the size of the request in memory', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20_000), { minLength: 1, maxLength: 5 }), (sizes) => {
        const of = (size: number, id: number) => ({ id, request: Buffer.alloc(size, id) });
        const empty = { method: 'GetSession', timeoutMs: 0, metadata: new Map<string, string>() };
        const frame = encode({
          calls: sizes.map((size, id) => ({ ...empty, ...of(size, id) })),
          cancelled: [],
          confirm: 0,
        });
        const own = Buffer.alloc(frame.length);
        frame.copy(own);
        for (const { id, request } of readFrame(own, 1024).calls) {
          expect(request.equals(of(sizes[id]!, id).request)).toBe(true);
          if (request.buffer === own.buffer) expect(own.length).toBeLessThanOrEqual(2 * request.length);
          // Small Buffers share the memory of a pool.
          else expect(request.buffer.byteLength).toBeLessThanOrEqual(Math.max(Buffer.poolSize, request.length));
        }
      }),
    );
  });

  test('passes over fields that it does not know, at every depth', () => {
    const unknown = (writer: BinaryWriter): BinaryWriter =>
      writer
        .tag(15, WireType.Varint)
        .uint32(1)
        .tag(16, WireType.LengthDelimited)
        .string('later')
        .tag(17, WireType.Bit64)
        .fixed64(1n)
        .tag(18, WireType.Bit32)
        .fixed32(1);
    const entry = bytesOf((writer) =>
      unknown(writer.tag(1, WireType.LengthDelimited).string('name').tag(2, WireType.LengthDelimited).string('value')),
    );
    const inner = bytesOf((writer) =>
      unknown(writer.tag(1, WireType.Varint).uint32(7).tag(5, WireType.LengthDelimited).bytes(entry)),
    );
    const frame = bytesOf((writer) =>
      unknown(writer.tag(1, WireType.LengthDelimited).bytes(inner)).tag(2, WireType.Varint).uint32(9),
    );
    const { calls, cancelled } = readFrame(frame, 1024);
    expect(calls).toMatchObject([{ id: 7, metadata: new Map([['name', 'value']]) }]);
    expect(cancelled).toEqual([9]);
  });

  test('fails with one kind of error, whatever the bytes', () => {
    const damaged = fc.tuple(frames, fc.nat(), fc.nat(255)).map(([frame, place, byte]) => {
      const bytes = encode(frame);
      if (bytes.length > 0) bytes[place % bytes.length] = byte;
      return bytes.subarray(0, bytes.length - (place % 3));
    });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 100 })), (bytes) => {
        try {
          readFrame(bytes, 1024);
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      }),
    );
  });

  const unreadable: Readonly<Record<string, Uint8Array>> = {
    'a call that is longer than the frame': Buffer.from([0x0a, 0x05, 0x08, 0x01]),
    'metadata that is longer than its call': Buffer.from([0x0a, 0x02, 0x2a, 0x04, 0x0a, 0x00, 0x12, 0x00]),
    'metadata that ends in the middle of a field': Buffer.from([0x0a, 0x06, 0x2a, 0x01, 0x2a, 0x02, 0x08, 0x01]),
    'a list that ends in the middle of a number': Buffer.from([0x12, 0x01, 0xa4, 0x06]),
    'a field 0': Buffer.from([0x0a, 0x04, 0x08, 0x01, 0x00, 0x00]),
    'a tag of more than 32 bits': Buffer.from([0x8a, 0x80, 0x80, 0x80, 0x10, 0x00]),
    'groups in groups': Buffer.alloc(100_000, 0x0b),
    'a number without end': Buffer.alloc(100_000, 0xff),
  };

  test.each(Object.entries(unreadable))('does not read %s', (_, bytes) => {
    expect(() => readFrame(bytes, 1024)).toThrow('Could not decode the PipelineRequest.');
  });

  test('reads as many calls as a frame may have, and stops at the next, however many follow', () => {
    expect(readFrame(emptyCalls(1024), 1024).calls).toHaveLength(1024);
    const beginning = emptyCalls(1025);
    // What follows would be an error of another kind, if it were read.
    const frame = Buffer.concat([beginning, Buffer.alloc(4 * 1024 * 1024, 0x0b)]);
    expect(() => readFrame(frame, 1024)).toThrow('Expected at most 1024 calls in a frame, got more.');
  });

  test.each([
    ['one by one', (count: number) => Buffer.alloc(2 * count, Buffer.from([0x10, 0x01]))],
    [
      'packed',
      (count: number) => bytesOf((writer) => writer.tag(2, WireType.LengthDelimited).bytes(Buffer.alloc(count, 1))),
    ],
  ])('reads a bounded number of cancelled calls, %s', (_, frame) => {
    expect(readFrame(frame(65_536), 1024).cancelled).toHaveLength(65_536);
    expect(() => readFrame(frame(65_537), 1024)).toThrow(
      'Expected at most 65536 cancelled calls in a frame, got more.',
    );
  });

  test.each([
    [
      'of calls',
      (writer: BinaryWriter) =>
        writer.tag(1, WireType.LengthDelimited).bytes(Buffer.alloc(600_000, Buffer.from([0x08, 0x01]))),
    ],
    ['of frames', (writer: BinaryWriter) => writer.raw(Buffer.alloc(600_000, Buffer.from([0x78, 0x01])))],
  ])('reads a bounded number of fields %s', (_, frame) => {
    expect(() => readFrame(bytesOf(frame), 1024)).toThrow('fields in a frame, got more.');
  });

  test.each([
    ['entries', (writer: BinaryWriter) => writer.raw(Buffer.alloc(2 * 65, Buffer.from([0x2a, 0x00])))],
    [
      'bytes',
      (writer: BinaryWriter) =>
        writer
          .tag(5, WireType.LengthDelimited)
          .bytes(bytesOf((entry) => entry.tag(2, WireType.LengthDelimited).bytes(Buffer.alloc(9000)))),
    ],
  ])('says which call has too many %s of metadata, and reads the rest of it', (_, metadata) => {
    const inner = bytesOf((writer) =>
      metadata(writer).tag(1, WireType.Varint).uint32(7).tag(2, WireType.LengthDelimited).string('GetSession'),
    );
    const frame = bytesOf((writer) =>
      writer
        .tag(1, WireType.LengthDelimited)
        .bytes(inner)
        .tag(1, WireType.LengthDelimited)
        .bytes(Buffer.from([0x08, 0x08])),
    );
    expect(readFrame(frame, 1024).calls).toMatchObject([
      { id: 7, method: 'GetSession', hasTooMuchMetadata: true },
      { id: 8, hasTooMuchMetadata: false },
    ]);
  });
});
