import type { SessionEvents } from '../../server/src/session/session-events';

const ignore = (): void => undefined;

export const ignoreEvents: SessionEvents = {
  onCreated: ignore,
  onLookup: ignore,
  onUpdated: ignore,
  onInvalidated: ignore,
  onRegenerated: ignore,
  onAccess: ignore,
  onVersionConflict: ignore,
  onLease: ignore,
  onContentSize: ignore,
};
