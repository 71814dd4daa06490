import type { Target } from './sides/side';

/** What keeps the sessions of the application: the sidecar, without or with a cache in its client, or a library. */
export type AppKind = 'sidecar' | 'cached' | 'connect-redis';

/** The commands and answers of the Express application. */
export interface AppCommands {
  /** @returns the URL at which it listens */
  listen(options: { kind: AppKind; target: Target }): string;
  /** Ends the process. */
  close(options: Record<string, never>): void;
}
