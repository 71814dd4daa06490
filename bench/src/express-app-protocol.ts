import type { Target } from './target';

/** The session store of the application: the sidecar, the sidecar with a client cache, or a library. */
export type ExpressStore = 'sidecar' | 'cached' | 'connect-redis';

/** The commands of the Express application, and their answers. */
export interface AppCommands {
  /** @returns the URL at which it listens */
  listen(options: { store: ExpressStore; target: Target }): string;
  /** Ends the process. */
  close(options: Record<string, never>): void;
}
