import { readFile } from 'node:fs/promises';
import { ConfigError } from './config';
import type { Config } from './config';
import { watchFiles } from './file-watch';
import type { Contents } from './file-watch';
import { loadConfig } from './load-config';
import type { LoadedConfig } from './load-config';
import type { Sources } from './sources';
import { tlsProblems } from './tls-files';

export interface ConfigListener {
  /**
   * Files changed, and all settings together are still valid.
   *
   * @param names the variables or flags that name the files
   */
  onChanged(config: Config, names: readonly string[]): void;
  /** Files changed, and the settings are invalid now: the previous configuration stays in force. */
  onRejected(problems: readonly string[], names: readonly string[]): void;
}

/** @returns what ends the watch */
export type WatchConfig = (listener: ConfigListener) => () => void;

export interface LiveConfig extends LoadedConfig {
  /** Follows the files that settings name, for as long as the process runs. */
  readonly watch: WatchConfig;
}

/** A change counts after two readings, so it takes one to two of these. */
const intervalMs = 1_000;

/** @throws ConfigError with everything that is wrong. */
export function loadLiveConfig(sources: Sources): LiveConfig {
  const initial = new Map<string, Buffer>();
  const loaded = loadChecked({
    ...sources,
    readFile: (path) => {
      const content = sources.readFile(path);
      initial.set(path, content);
      return content;
    },
  });
  const watch: WatchConfig = (listener) => {
    let { config } = loaded;
    const paths = [...new Set(loaded.files.map(({ path }) => path))];
    if (paths.length === 0) return () => {};
    const onChange = (changed: readonly string[], contents: Contents): void => {
      const names = loaded.files.filter(({ path }) => changed.includes(path)).map(({ from }) => from);
      try {
        const next = loadChecked({ ...sources, readFile: readerOf(contents, sources.readFile) }).config;
        const fixed = fixedParts(config, next, loaded);
        if (fixed.length > 0) throw new ConfigError(fixed);
        config = next;
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        listener.onRejected(error.problems, names);
        return;
      }
      listener.onChanged(config, names);
    };
    return watchFiles({ paths, initial, read: readFile, intervalMs, onChange });
  };
  return { ...loaded, watch };
}

function loadChecked(sources: Sources): LoadedConfig {
  const loaded = loadConfig(sources);
  const problems = tlsProblems(loaded.config, loaded.nameOf);
  if (problems.length > 0) throw new ConfigError(problems);
  return loaded;
}

/** @param readOther for files that are not watched: OpenTelemetry reads its own once */
function readerOf(contents: Contents, readOther: Sources['readFile']): Sources['readFile'] {
  return (path) => {
    const content = contents.get(path) ?? readOther(path);
    if (content instanceof Error) throw content;
    return content;
  };
}

/** A Redis URL in a file contains more than credentials. */
function fixedParts(before: Config, after: Config, { nameOf }: LoadedConfig): string[] {
  const fixed = ({ store }: Config): string => {
    if (store.kind === 'memory') return store.kind;
    const { sentinel, tls } = store.redis;
    const live = { username: undefined, password: undefined, sentinel: undefined, tls: undefined };
    return JSON.stringify({ ...store.redis, ...live, master: sentinel?.master, isEncrypted: tls !== undefined });
  };
  if (fixed(before) === fixed(after)) return [];
  return [`${nameOf('redisUrl')}: Only the user and the password can change without a restart.`];
}
