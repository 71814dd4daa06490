import { describe, expect, test } from '@jest/globals';
import { PipelineResponse } from '@session-sidecar/proto/session/v1/pipeline';
import type { PipelineReply } from '@session-sidecar/proto/session/v1/pipeline';
import type { Report } from '../../../../server/src/grpc/pipeline/change-reports';
import { ReplyBuffer } from '../../../../server/src/grpc/pipeline/reply-buffer';
import { bytesOf } from '../../../support/outgoing';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const mebibyte = 1024 * 1024;

const reply = (id: number): PipelineReply => ({ id, outcome: { $case: 'response', value: Buffer.from('ok') } });

/** A stream that says nothing of a frame until it is told to. */
class Stream {
  readonly frames: number[][] = [];
  readonly #taken: (() => void)[] = [];
  /** What there is to tell of changes. */
  report: Report | undefined;
  readonly reports: (readonly string[])[] = [];
  unblocked = 0;
  readonly buffer = new ReplyBuffer({
    write: (frame, onTaken) => {
      const { replies, changed } = PipelineResponse.decode(bytesOf(frame));
      this.frames.push(replies.map(({ id }) => id));
      this.reports.push(changed.map(({ handle }) => handle));
      this.#taken.push(onTaken);
    },
    takeReport: () => {
      const { report } = this;
      this.report = undefined;
      return report;
    },
    taken: () => {},
    flushed: () => {},
    unblocked: () => {
      this.unblocked += 1;
    },
  });

  change(handle: string): void {
    this.report = { changed: [{ handle, version: 2 }], allChanged: false, confirmed: 0 };
    this.buffer.reportPending();
  }

  takeFrame(): void {
    this.#taken.shift()!();
  }
}

describe('ReplyBuffer', () => {
  test('reports changes with the last reply that is ready, or alone', async () => {
    const stream = new Stream();
    stream.change('a');
    stream.buffer.add(reply(1), 10, false);
    stream.buffer.add(reply(2), mebibyte - 10, false);
    expect([stream.frames, stream.reports]).toEqual([[[1, 2]], [['a']]]);
    stream.takeFrame();
    stream.change('b');
    await nextTurn();
    expect([stream.frames, stream.reports]).toEqual([
      [[1, 2], []],
      [['a'], ['b']],
    ]);
  });

  test('reports nothing more to a client that has not taken the last frame', async () => {
    const stream = new Stream();
    stream.change('a');
    await nextTurn();
    stream.change('b');
    await nextTurn();
    expect(stream.reports).toEqual([['a']]);
    stream.takeFrame();
    expect(stream.reports).toEqual([['a'], ['b']]);
  });

  test('reports changes after all replies that were ready before', () => {
    const stream = new Stream();
    stream.buffer.add(reply(1), mebibyte, false);
    stream.change('a');
    for (const id of [2, 3]) stream.buffer.add(reply(id), mebibyte, false);
    for (const _ of [1, 2]) stream.takeFrame();
    expect([stream.frames, stream.reports]).toEqual([
      [[1], [2], [3]],
      [[], [], ['a']],
    ]);
  });

  test('reports nothing once it is closed', async () => {
    const stream = new Stream();
    stream.change('a');
    stream.buffer.close();
    await nextTurn();
    expect(stream.reports).toEqual([]);
  });

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
