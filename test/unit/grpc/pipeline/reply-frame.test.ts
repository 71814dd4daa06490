import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { PipelineResponse } from '@session-sidecar/proto/session/v1/pipeline';
import type { PipelineReply } from '@session-sidecar/proto/session/v1/pipeline';
import { encodeDraining, encodeFrame } from '../../../../server/src/grpc/pipeline/reply-frame';
import { bytesOf } from '../../../support/outgoing';

const nothing = { replies: [], draining: false, changed: [], allChanged: false, confirmed: 0 };
const id = fc.oneof(fc.nat(300), fc.nat(2 ** 32 - 1));
const size = fc.oneof(fc.nat(300), fc.integer({ min: 4000, max: 4200 }), fc.nat(70_000));
const response = fc.tuple(id, size, fc.nat(255)).map(([call, length, byte]): PipelineReply => ({
  id: call,
  outcome: { $case: 'response', value: Buffer.alloc(length, byte) },
}));
const failure = id.map((call): PipelineReply => ({
  id: call,
  outcome: { $case: 'error', value: { code: 5, message: 'gone', details: [] } },
}));
const report = fc.record({
  changed: fc.array(fc.record({ handle: fc.string({ minLength: 1 }), version: fc.maxSafeNat() }), { maxLength: 3 }),
  allChanged: fc.boolean(),
  confirmed: fc.maxSafeNat(),
});

describe('a frame of replies', () => {
  test('is what the generated encoder makes of it, whatever is large in it', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(response, failure), { maxLength: 8 }), fc.option(report), (replies, reported) => {
        const generated = PipelineResponse.encode({ ...nothing, ...reported, replies }).finish();
        const frame = bytesOf(encodeFrame(replies, reported ?? undefined));
        expect(frame.equals(generated)).toBe(true);
      }),
    );
  });

  test('announces a shutdown', () => {
    expect(PipelineResponse.decode(bytesOf(encodeDraining()))).toEqual({ ...nothing, draining: true });
  });

  test('has large responses as they are until it is sent', () => {
    const value = Buffer.alloc(5000, 1);
    const frame = encodeFrame([{ id: 1, outcome: { $case: 'response', value } }]);
    value.fill(2);
    const [reply] = PipelineResponse.decode(bytesOf(frame)).replies;
    expect(reply?.outcome).toEqual({ $case: 'response', value: Buffer.alloc(5000, 2) });
  });

  test('leaves no large response in memory when it was sent', () => {
    const value = Buffer.alloc(5000, 1);
    bytesOf(encodeFrame([{ id: 1, outcome: { $case: 'response', value } }]));
    // Node.js 20 cannot free it.
    expect(value.length).toBe('transfer' in ArrayBuffer.prototype ? 0 : 5000);
  });
});
