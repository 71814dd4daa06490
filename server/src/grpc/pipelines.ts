import { Metadata } from '@grpc/grpc-js';
import { SessionError } from '../session/errors';
import { Pipeline } from './pipeline';
import type { PipelineParts, PipelineStream, Places } from './pipeline';
import { toServiceError, toStatus } from './status';

/** All open Pipeline streams of the process. */
export class Pipelines implements Places {
  readonly #parts: PipelineParts;
  readonly #open = new Set<Pipeline>();
  /** Those with calls that wait for room in the process, longest first. */
  readonly #waiting = new Set<Pipeline>();
  #inFlight = 0;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  readonly serve = (stream: PipelineStream): void => {
    const { calls, logger } = this.#parts;
    if (calls.draining) {
      const draining = new SessionError('DRAINING', 'The sidecar is stopping and takes no new streams.');
      stream.emit('error', toServiceError(toStatus(draining, 'Pipeline', logger)));
      return;
    }
    // grpc-js sends headers with the first message only: a client could not tell an open stream from a slow one.
    stream.sendMetadata(new Metadata());
    const pipeline = new Pipeline(stream, this.#parts, this);
    this.#open.add(pipeline);
    stream.once('close', () => {
      this.#open.delete(pipeline);
      this.#waiting.delete(pipeline);
    });
  };

  /** Tells all clients to go elsewhere. */
  announceDraining(): void {
    for (const pipeline of this.#open) pipeline.announceDraining();
  }

  enter(pipeline: Pipeline): boolean {
    if (this.#inFlight >= this.#parts.limits.inFlight) {
      this.#waiting.add(pipeline);
      return false;
    }
    this.#inFlight += 1;
    return true;
  }

  leave(): void {
    this.#inFlight -= 1;
    // The first may have no use for the place by now, so it is offered until somebody takes it.
    for (const next of this.#waiting) {
      if (this.#inFlight >= this.#parts.limits.inFlight) return;
      this.#waiting.delete(next);
      next.resume();
    }
  }
}
