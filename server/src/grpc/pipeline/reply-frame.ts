import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { PipelineResponse } from '@session-sidecar/proto/session/v1/pipeline';
import type { PipelineReply } from '@session-sidecar/proto/session/v1/pipeline';
import { encode, freeEncoded } from '../../rpc/encoding';
import type { OutgoingMessage } from '../connections/grpc-js-internals';
import type { Report } from './change-reports';

/** Responses from this size on are not copied into the frame, but only when that is sent. */
const largeBytes = 4 * 1024;

const nothing: PipelineResponse = { replies: [], draining: false, changed: [], allChanged: false, confirmed: 0 };

/**
 * Encodes a `session.v1.PipelineResponse`. The generated encoder copies each response three times, and grpc-js once more; of a
 * large one, that is most of what its frame costs.
 *
 * @param replies their large responses are freed when the frame is copied
 */
export function encodeFrame(replies: readonly PipelineReply[], report: Partial<Report> = {}): OutgoingMessage {
  // Messages of one type one after the other are one message.
  const parts: Buffer[] = [];
  let small: PipelineReply[] = [];
  for (const reply of replies) {
    const { id, outcome } = reply;
    if (outcome?.$case !== 'response' || outcome.value.length < largeBytes) {
      small.push(reply);
      continue;
    }
    if (small.length > 0) parts.push(encode(PipelineResponse, { ...nothing, replies: small }));
    small = [];
    parts.push(headOf(id, outcome.value.length), outcome.value);
  }
  if (parts.length === 0) return encode(PipelineResponse, { ...nothing, ...report, replies: small });
  parts.push(encode(PipelineResponse, { ...nothing, ...report, replies: small }));
  return new Parts(parts);
}

export function encodeDraining(): OutgoingMessage {
  return encode(PipelineResponse, { ...nothing, draining: true });
}

/** What comes before a response in a frame. */
function headOf(id: number, responseBytes: number): Buffer {
  const writer = new BinaryWriter();
  // A number that is 0 is left out of a message.
  if (id !== 0) writer.uint32(tags.id).uint32(id);
  const reply = writer.uint32(tags.response).uint32(responseBytes).finish();
  const head = new BinaryWriter().uint32(tags.replies).uint32(reply.length + responseBytes);
  return Buffer.from(head.raw(reply).finish());
}

/** As proto/session/v1/pipeline.proto has them. */
const tags = { replies: (1 << 3) | 2, id: 1 << 3, response: (2 << 3) | 2 } as const;

/** Bytes that are written one after the other. */
class Parts implements OutgoingMessage {
  readonly byteLength: number;
  readonly #parts: readonly Buffer[];

  constructor(parts: readonly Buffer[]) {
    this.#parts = parts;
    this.byteLength = parts.reduce((sum, { length }) => sum + length, 0);
  }

  copy(target: Buffer, offset: number): void {
    for (const part of this.#parts) offset += part.copy(target, offset);
    this.#parts.forEach(freeEncoded);
  }
}
