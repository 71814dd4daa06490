import { once } from 'node:events';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { WatchSessionsRequest, WatchSessionsResponse } from '@session-sidecar/proto/session/v1/session_service';
import type { Logger } from 'pino';
import type { InFlightCalls } from '../../rpc/in-flight-calls';
import { draining, overloaded } from '../../rpc/refusals';
import type { RefusalObserver } from '../../rpc/refusals';
import { toServiceError, toStatus } from '../../rpc/status';
import { toWatchResponse } from '../../rpc/watch/watch-messages';
import type { WatchObserver } from '../../rpc/watch/watch-messages';
import type { SessionWatch } from '../../rpc/watch/session-watch';
import { http2StreamOf } from '../connections/grpc-js-internals';
import { openStreamOf } from '../connections/open-stream';

export type WatchStream = ServerWritableStream<WatchSessionsRequest, WatchSessionsResponse>;

export interface WatchParts {
  readonly watch: SessionWatch;
  readonly calls: InFlightCalls;
  readonly maxWatchers: number;
  readonly observer: WatchObserver & RefusalObserver;
  readonly logger: Logger;
}

/** All open WatchSessions calls of the process. */
export class WatchCalls {
  readonly #parts: WatchParts;
  readonly #open = new Set<WatchCall>();

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  readonly serve = (stream: WatchStream): void => {
    const { calls, maxWatchers, observer } = this.#parts;
    const call = new WatchCall(stream, this.#parts);
    if (calls.draining) {
      call.fail(draining());
    } else if (this.#open.size >= maxWatchers) {
      observer.refused('watchers');
      call.fail(overloaded('Too many watchers are connected.', maxWatchers, 'maxWatchers'));
    } else {
      this.#open.add(call);
      observer.watchersChanged(1);
      void call.run().finally(() => {
        this.#open.delete(call);
        observer.watchersChanged(-1);
      });
    }
  };

  /** Ends all of them, because the sidecar stops. */
  end(): void {
    for (const call of this.#open) call.fail(draining());
  }
}

/** One watcher. Events are read from the log only when the client has read those before. */
class WatchCall {
  readonly #stream: WatchStream;
  readonly #parts: WatchParts;
  readonly #ended = new AbortController();

  constructor(stream: WatchStream, parts: WatchParts) {
    this.#stream = stream;
    this.#parts = parts;
  }

  async run(): Promise<void> {
    const { watch, observer } = this.#parts;
    const { signal } = this.#ended;
    const stream = this.#stream;
    openStreamOf(http2StreamOf(stream as ServerWritableStream<never, never>)).onRefuse((error) => this.fail(error));
    stream.once('cancelled', () => this.#ended.abort());
    try {
      for await (const update of watch.watch(stream.request, signal)) {
        if (signal.aborted) break;
        if (update.event !== undefined) observer.eventSent();
        if (!stream.write(toWatchResponse(update))) await once(stream, 'drain', { signal });
      }
    } catch (error) {
      this.fail(error);
    }
  }

  fail(error: unknown): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#stream.emit('error', toServiceError(toStatus(error, 'WatchSessions', this.#parts.logger)));
  }
}
