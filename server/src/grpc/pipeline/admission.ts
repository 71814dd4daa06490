import { Metadata } from '@grpc/grpc-js';
import type { InFlightCalls } from '../../rpc/in-flight-calls';
import { http2StreamOf } from '../connections/grpc-js-internals';
import { openStreamOf } from '../connections/open-stream';
import { draining } from '../../rpc/refusals';
import { toServiceError, toStatus } from '../../rpc/status';
import { Pipeline } from './stream';
import type { PipelineParts, PipelineStream } from './stream';

export interface AdmissionParts extends PipelineParts {
  readonly calls: InFlightCalls;
}

/** All open Pipeline streams of the process. */
export class PipelineAdmission {
  readonly #parts: AdmissionParts;
  readonly #open = new Set<Pipeline>();

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  readonly serve = (stream: PipelineStream): void => {
    const { calls, logger } = this.#parts;
    if (calls.draining) {
      stream.emit('error', toServiceError(toStatus(draining(), 'Pipeline', logger)));
      return;
    }
    const open = openStreamOf(http2StreamOf(stream));
    // grpc-js sends headers only with the first message: a client could not distinguish an open stream from a slow one.
    stream.sendMetadata(new Metadata());
    const pipeline = new Pipeline(stream, open, this.#parts);
    this.#open.add(pipeline);
    stream.once('close', () => this.#open.delete(pipeline));
  };

  /** Announces the shutdown to all clients. */
  announceDraining(): void {
    for (const pipeline of this.#open) pipeline.announceDraining();
  }
}
