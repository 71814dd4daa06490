import type { PipelineResponse } from '@session-sidecar/proto/session/v1/pipeline';

/** What a frame from the sidecar says about changes of sessions. */
export type ChangeReport = Pick<PipelineResponse, 'changed' | 'allChanged' | 'confirmed'>;

/** Receives changes of sessions. All events are about one stream at a time, the one that takes new calls. */
export interface ChangeListener {
  /** There is a stream. It reports nothing before it was asked to confirm. */
  onStreamOpen(): void;
  /** Comes before the replies of the same frame. */
  onReport(report: ChangeReport): void;
  /** The stream was lost: it reports no further changes. */
  onStreamLost(): void;
}

/** Reports changes of sessions. */
export interface ChangeSource {
  listen(listener: ChangeListener): void;
  /**
   * Asks the sidecar to report changes, and to confirm until when it has. Does nothing while there is no stream.
   *
   * @param clock by the caller's own clock, in whole milliseconds, at least 1
   */
  confirm(clock: number): void;
}
