/**
 * Shares expensive work between any number of callers. At most one build runs at a time, with a pause after each; callers that
 * arrive meanwhile share the next build, so the result is never older than their request.
 *
 * @param pauseMs minimum time from the end of a build to the start of the next
 */
export function shareBuilds<T>(build: () => Promise<T>, pauseMs: number): () => Promise<T> {
  /** Settles when another build may begin. */
  let busy: Promise<unknown> | undefined;
  let next: Promise<T> | undefined;

  const start = (): Promise<T> => {
    next = undefined;
    const result = build();
    const pause = () => new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
    const done = result.then(pause, pause).then(() => {
      if (busy === done) busy = undefined;
    });
    busy = done;
    return result;
  };
  return () => {
    if (busy === undefined) return start();
    next ??= busy.then(start);
    return next;
  };
}
