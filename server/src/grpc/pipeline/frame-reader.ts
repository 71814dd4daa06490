import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { maxMetadataBytes, maxMetadataEntries } from '../limits';
import { ownBytes } from '../own-bytes';

/** One call of a frame. */
export interface FrameCall {
  readonly id: number;
  readonly method: string;
  readonly request: Buffer;
  readonly timeoutMs: number;
  readonly metadata: ReadonlyMap<string, string>;
  /** It has more metadata than a call may have; not all of it was read. */
  readonly hasTooMuchMetadata: boolean;
}

export interface Frame {
  readonly calls: readonly FrameCall[];
  /** Ids of calls. */
  readonly cancelled: readonly number[];
  /** The client's clock, with which it requests confirmation; 0: it does not. */
  readonly confirm: number;
}

/** A frame that cannot be served. Its message may go on the wire. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** Maximum number of cancelled ids per frame: far more than a stream has calls. */
const maxCancelled = 64 * 1024;

/** Maximum number of fields per frame at all depths: slightly more than those of the maximum number of calls. */
const maxFields = 256 * 1024;

const noMetadata: ReadonlyMap<string, string> = new Map<string, string>();
const noBytes = Buffer.alloc(0);

/**
 * Reads a `session.v1.PipelineRequest` within the limits of a frame. The generated reader builds everything before it can be
 * counted, and an empty call of two bytes becomes an object of hundreds.
 *
 * @throws FrameError
 */
export function readFrame(bytes: Uint8Array, maxCalls: number): Frame {
  try {
    return new FrameReader(bytes, maxCalls).read();
  } catch (error) {
    if (error instanceof FrameError) throw error;
    throw new FrameError('Could not decode the PipelineRequest.');
  }
}

class FrameReader {
  readonly #bytes: Uint8Array;
  readonly #reader: BinaryReader;
  readonly #maxCalls: number;
  #fieldsLeft = maxFields;

  constructor(bytes: Uint8Array, maxCalls: number) {
    this.#bytes = bytes;
    this.#reader = new BinaryReader(bytes);
    this.#maxCalls = maxCalls;
  }

  read(): Frame {
    const reader = this.#reader;
    const calls: FrameCall[] = [];
    const cancelled: number[] = [];
    let confirm = 0;
    while (reader.pos < reader.len) {
      const tag = this.#tag();
      if (tag === tags.frame.calls) {
        if (calls.length === this.#maxCalls) throw tooMany(`${this.#maxCalls} calls`);
        calls.push(this.#call(this.#end()));
      } else if (tag === tags.frame.cancelled) {
        cancelled.push(reader.uint32());
      } else if (tag === tags.frame.cancelledPacked) {
        const end = this.#end();
        while (reader.pos < end && cancelled.length <= maxCancelled) cancelled.push(reader.uint32());
        if (reader.pos > end) throw new RangeError('A number ends elsewhere than its list.');
      } else if (tag === tags.frame.confirm) {
        confirm = this.#safeInteger();
      } else {
        this.#skip(tag);
      }
      if (cancelled.length > maxCancelled) throw tooMany(`${maxCancelled} cancelled calls`);
    }
    if (reader.pos !== reader.len) throw new RangeError('The frame ends in the middle of a part.');
    return { calls, cancelled, confirm };
  }

  #call(end: number): FrameCall {
    const reader = this.#reader;
    let id = 0;
    let method = '';
    let request: Buffer = noBytes;
    let timeoutMs = 0;
    let metadata: Map<string, string> | undefined;
    let metadataBytes = 0;
    let metadataEntries = 0;
    let hasTooMuchMetadata = false;
    while (reader.pos < end) {
      const tag = this.#tag();
      switch (tag) {
        case tags.call.id:
          id = reader.uint32();
          break;
        case tags.call.method:
          method = reader.string();
          break;
        case tags.call.request:
          request = ownBytes(reader.bytes());
          break;
        case tags.call.timeoutMs:
          timeoutMs = reader.uint32();
          break;
        case tags.call.metadata: {
          const start = reader.pos;
          const entryEnd = this.#end();
          metadataBytes += entryEnd - start;
          metadataEntries += 1;
          hasTooMuchMetadata ||= metadataBytes > maxMetadataBytes || metadataEntries > maxMetadataEntries;
          this.#entry(entryEnd, hasTooMuchMetadata ? undefined : (metadata ??= new Map<string, string>()));
          break;
        }
        default:
          this.#skip(tag);
      }
    }
    if (reader.pos !== end) throw new RangeError('A call ends elsewhere than its length says.');
    return { id, method, request, timeoutMs, metadata: metadata ?? noMetadata, hasTooMuchMetadata };
  }

  /** @param metadata receives the entry; without it, the entry is skipped */
  #entry(end: number, metadata?: Map<string, string>): void {
    const reader = this.#reader;
    let [key, value] = ['', ''];
    while (reader.pos < end) {
      const tag = this.#tag();
      if (metadata === undefined) this.#skip(tag);
      else if (tag === tags.entry.key) key = reader.string();
      else if (tag === tags.entry.value) value = reader.string();
      else this.#skip(tag);
    }
    if (reader.pos !== end) throw new RangeError('Metadata ends elsewhere than its length says.');
    metadata?.set(key, value);
  }

  /** Reads the length of a part. @returns where it ends */
  #end(): number {
    const reader = this.#reader;
    const length = reader.uint32();
    const end = reader.pos + length;
    if (end > reader.len) throw new RangeError('A part is longer than what is there.');
    return end;
  }

  #safeInteger(): number {
    const value = Number(this.#reader.uint64());
    if (!Number.isSafeInteger(value)) throw new RangeError('A number is too large.');
    return value;
  }

  #skip(tag: number): void {
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the last three bits of a tag are one
    this.#reader.skip(tag & 7, tag >>> 3);
  }

  #tag(): number {
    this.#fieldsLeft -= 1;
    if (this.#fieldsLeft < 0) throw tooMany(`${maxFields} fields`);
    const reader = this.#reader;
    const start = reader.pos;
    const tag = reader.uint32();
    const length = reader.pos - start;
    // As `BinaryReader.tag()` has it, which makes an array each time: there is no field 0, and no tag of more than 32 bits.
    if (tag < 8 || length > 5 || (length === 5 && this.#bytes[reader.pos - 1]! > 0x0f))
      throw new RangeError('Not a tag.');
    return tag;
  }
}

function tooMany(what: string): FrameError {
  return new FrameError(`Expected at most ${what} in a frame, got more.`);
}

function tagOf(field: number, type: WireType): number {
  return (field << 3) | type;
}

/** As in proto/session/v1/pipeline.proto; test/wire/ compares the two. */
const tags = {
  frame: {
    calls: tagOf(1, WireType.LengthDelimited),
    cancelled: tagOf(2, WireType.Varint),
    cancelledPacked: tagOf(2, WireType.LengthDelimited),
    confirm: tagOf(3, WireType.Varint),
  },
  call: {
    id: tagOf(1, WireType.Varint),
    method: tagOf(2, WireType.LengthDelimited),
    request: tagOf(3, WireType.LengthDelimited),
    timeoutMs: tagOf(4, WireType.Varint),
    metadata: tagOf(5, WireType.LengthDelimited),
  },
  entry: { key: tagOf(1, WireType.LengthDelimited), value: tagOf(2, WireType.LengthDelimited) },
} as const;
