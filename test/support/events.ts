import type { SessionEvents } from '../../server/src/session/session-events';

const ignore = (): void => undefined;

export const ignoreEvents: SessionEvents = {
  created: ignore,
  loaded: ignore,
  updated: ignore,
  invalidated: ignore,
  regenerated: ignore,
  touched: ignore,
  versionConflict: ignore,
  sized: ignore,
};
