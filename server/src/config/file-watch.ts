import { createHash } from 'node:crypto';

export interface FileWatchOptions {
  readonly paths: readonly string[];
  /** The initial contents of the files, by path. */
  readonly initial: ReadonlyMap<string, Buffer>;
  /** Rejects when a file cannot be read. */
  readonly read: (path: string) => Promise<Buffer>;
  readonly intervalMs: number;
  /**
   * The contents of files have changed.
   *
   * @param contents of all files, read at the same time; an Error for a file that cannot be read
   */
  readonly onChange: (changed: readonly string[], contents: Contents) => void;
}

export type Contents = ReadonlyMap<string, Buffer | Error>;

/**
 * Watches the contents of files by polling: Kubernetes replaces mounted files by changing a symbolic link of a parent folder, which
 * `fs.watch` does not report reliably. A change counts once two consecutive readings agree, so that neither a partly written file
 * nor one of two files that belong together is used.
 *
 * @returns a function that ends it
 */
export function watchFiles({ paths, initial, read, intervalMs, onChange }: FileWatchOptions): () => void {
  let known = digestsOf(initial);
  let previous = known;
  let timer: NodeJS.Timeout;
  let isClosed = false;

  const look = async (): Promise<void> => {
    const contents = new Map(
      await Promise.all(paths.map(async (path) => [path, await contentOf(path, read)] as const)),
    );
    if (isClosed) return;
    const digests = digestsOf(contents);
    const isStable = paths.every((path) => digests.get(path) === previous.get(path));
    previous = digests;
    const changed = isStable ? paths.filter((path) => digests.get(path) !== known.get(path)) : [];
    if (changed.length > 0) {
      known = digests;
      onChange(changed, contents);
    }
    schedule();
  };
  const schedule = (): void => {
    timer = setTimeout(() => void look(), intervalMs).unref();
  };
  schedule();
  return () => {
    isClosed = true;
    clearTimeout(timer);
  };
}

function contentOf(path: string, read: FileWatchOptions['read']): Promise<Buffer | Error> {
  return read(path).catch((error: unknown) => (error instanceof Error ? error : new Error('unknown error')));
}

function digestsOf(contents: Contents): ReadonlyMap<string, string> {
  return new Map([...contents].map(([path, content]) => [path, digestOf(content)]));
}

/** Not the content itself: it may be a secret, and would stay in memory. */
function digestOf(content: Buffer | Error): string {
  if (content instanceof Error) return (content as NodeJS.ErrnoException).code ?? 'unreadable';
  return createHash('sha256').update(content).digest('base64');
}
