import { describe, expect, test } from '@jest/globals';
import { PipelineResponse } from '@session-sidecar/proto/session/v1/pipeline';
import type { PipelineReply } from '@session-sidecar/proto/session/v1/pipeline';
import { ReplyBuffer } from '../../../../server/src/grpc/pipeline/reply-buffer';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const mebibyte = 1024 * 1024;

const reply = (id: number): PipelineReply => ({ id, outcome: { $case: 'response', value: Buffer.from('ok') } });

/** A stream that says nothing of a frame until it is told to. */
class Stream {
  readonly frames: number[][] = [];
  readonly #taken: (() => void)[] = [];
  unblocked = 0;
  readonly buffer = new ReplyBuffer({
    write: (frame, onTaken) => {
      this.frames.push(PipelineResponse.decode(frame).replies.map(({ id }) => id));
      this.#taken.push(onTaken);
    },
    taken: () => {},
    flushed: () => {},
    unblocked: () => {
      this.unblocked += 1;
    },
  });

  takeFrame(): void {
    this.#taken.shift()!();
  }
}

describe('ReplyBuffer', () => {
  test('sends a reply at once when no call is left, and replies that are ready together in one frame', async () => {
    const stream = new Stream();
    stream.buffer.add(reply(1), 10, true);
    expect(stream.frames).toEqual([[1]]);
    stream.takeFrame();
    stream.buffer.add(reply(2), 10, false);
    stream.buffer.add(reply(3), 10, false);
    await nextTurn();
    expect(stream.frames).toEqual([[1], [2, 3]]);
  });

  test('keeps replies while a frame is being written, and sends them together after it', async () => {
    const stream = new Stream();
    stream.buffer.add(reply(1), 10, true);
    for (let id = 2; id <= 5; id++) {
      stream.buffer.add(reply(id), 10, true);
      await nextTurn();
    }
    expect(stream.frames).toEqual([[1]]);
    stream.takeFrame();
    expect(stream.frames).toEqual([[1], [2, 3, 4, 5]]);
  });

  test('sends a full frame without waiting, and no third', () => {
    const stream = new Stream();
    stream.buffer.add(reply(1), mebibyte / 2, true);
    stream.buffer.add(reply(2), mebibyte, true);
    stream.buffer.add(reply(3), mebibyte, true);
    expect(stream.frames).toEqual([[1], [2]]);
    expect(stream.buffer.isBlocked()).toBe(true);
  });

  test('is blocked while two frames are not taken, and says when it no longer is', () => {
    const stream = new Stream();
    stream.buffer.add(reply(1), 0.9 * mebibyte, true);
    stream.buffer.add(reply(2), 0.9 * mebibyte, false);
    expect(stream.buffer.isBlocked()).toBe(false);
    stream.buffer.add(reply(3), 0.2 * mebibyte, false);
    expect(stream.buffer.isBlocked()).toBe(true);
    expect(stream.frames).toEqual([[1], [2]]);
    stream.takeFrame();
    expect([stream.buffer.isBlocked(), stream.unblocked]).toEqual([false, 1]);
    stream.takeFrame();
    stream.takeFrame();
    expect(stream.frames).toEqual([[1], [2], [3]]);
    expect(stream.unblocked).toBe(1);
  });
});
