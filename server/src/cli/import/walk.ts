import { scanEnd, scanStart } from '../../store/redis/import-progress';
import type { ImportProgress, ScanPosition } from '../../store/redis/import-progress';
import { CliError } from '../cli-error';
import type { Importer } from './importer';
import type { Pace } from './pace';
import type { ServerChanges } from './server-changes';
import type { SourceServer } from './source-server';

export interface WalkOptions {
  readonly servers: readonly SourceServer[];
  readonly importer: Importer;
  /** `undefined`: begins at the start, and leaves no trace. */
  readonly progress: ImportProgress | undefined;
  /** Of the servers that sessions are stored on. */
  readonly changes: Pick<ServerChanges, 'occurred'>;
  readonly pace: Pick<Pace, 'take'>;
  readonly keysPerStep: number;
  readonly interrupted: AbortSignal;
}

/** Keys that are read and stored at the same time. */
const maxAtOnce = 100;

/** Goes through all keys of the source, from where an earlier import was interrupted. */
export class Walk {
  readonly #options: WalkOptions;
  readonly #visited = new Map<SourceServer, number>();

  constructor(options: WalkOptions) {
    this.#options = options;
  }

  /** Number of keys that Redis has looked at, about. */
  get visited(): number {
    return [...this.#visited.values()].reduce((sum, each) => sum + each, 0);
  }

  /** @returns whether it came to the end, or `false` if it was interrupted */
  async run(): Promise<boolean> {
    const { servers, progress, changes } = this.#options;
    changes.occurred();
    for (const server of servers) if (!(await this.#walk(server))) return false;
    await progress?.complete();
    return true;
  }

  async #walk(server: SourceServer): Promise<boolean> {
    const { progress, changes, interrupted, keysPerStep } = this.#options;
    const runId = await server.runId();
    const isResumable = progress !== undefined && runId !== '';
    let position: ScanPosition = isResumable ? await progress.positionOf(runId) : scanStart;
    while (position.cursor !== scanEnd) {
      this.#visited.set(server, position.visited);
      if (interrupted.aborted) return false;
      const { cursor, keys } = await server.scan(position.cursor);
      if (!(await this.#import(server, keys))) return false;
      // Else the sessions of this step would never be looked at again.
      if (changes.occurred()) throw targetChanged();
      position = { cursor: cursor === '0' ? scanEnd : cursor, visited: position.visited + keysPerStep };
      if (isResumable) await progress.save(runId, position);
    }
    return true;
  }

  /** @returns whether it was not interrupted */
  async #import(server: SourceServer, keys: readonly Buffer[]): Promise<boolean> {
    const { importer, pace, interrupted, keysPerStep } = this.#options;
    const size = Math.min(maxAtOnce, keysPerStep);
    for (let at = 0; at < keys.length; at += size) {
      const chunk = keys.slice(at, at + size);
      await pace.take(chunk.length);
      if (interrupted.aborted) return false;
      await importer.import(server, chunk);
    }
    return true;
  }
}

function targetChanged(): CliError {
  return new CliError(
    'unavailable',
    'Redis was away, or another server took its place, which may lack the last sessions. The same command goes on with them.',
  );
}
