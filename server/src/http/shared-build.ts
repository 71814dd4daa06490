/**
 * Lets any number of callers share expensive work. At most one build runs at a time, and after each there is a pause; callers
 * that come meanwhile share the next build, so what they get is never older than their request.
 *
 * @param pauseMs the least time from the end of a build to the beginning of the next one
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
