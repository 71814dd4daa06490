import { httpLimits } from '../http/limits';
import type { HttpObserver } from '../http/limits';
import { variable } from '../setting-names';
import type { MetricFactory } from './metric-factory';

/** The result of re-reading a file that a setting names. */
export type ReloadResult = (typeof reloadResults)[number];

const reloadResults = ['applied', 'rejected'] as const;

/** Events outside calls: the HTTP port, the log, files. */
export interface ProcessMetrics extends HttpObserver {
  /** A log line was suppressed by the rate limit. */
  logLineSuppressed(): void;
  /** A file is watched from now on; its series exist before its first change. */
  fileWatched(setting: string): void;
  /** @param setting the variable that names the file */
  fileReloaded(setting: string, result: ReloadResult): void;
}

export interface BuildInfo {
  readonly version: string;
  /** The commit that it was built from; `undefined`: not known. */
  readonly commit?: string | undefined;
  readonly store: string;
}

export function processMetrics(factory: MetricFactory, { version, commit = '', store }: BuildInfo): ProcessMetrics {
  const httpRefusals = factory.counter(
    'http_refusals_total',
    'Requests refused and connections closed on the HTTP port and by the inspector, by the limit that was reached (connections, head, body, time).',
    'limit',
  );
  const suppressed = factory.counter(
    'log_lines_suppressed_total',
    `Log lines suppressed by ${variable('logRateLimit')}.`,
  );
  const reloads = factory.counter(
    'file_reloads_total',
    'Reloads of changed files by setting and result (applied, rejected).',
    'setting',
    'result',
  );
  for (const limit of httpLimits) httpRefusals.announce(limit);
  factory
    .gauge(
      'build_info',
      'Always 1; the labels are the version, the commit that it was built from, if that is known, and the kind of store.',
      'version',
      'commit',
      'store',
    )
    .set({ version, commit, store }, 1);
  return {
    httpRefused: (limit) => {
      httpRefusals.inc(limit);
    },
    logLineSuppressed: () => {
      suppressed.inc();
    },
    fileWatched: (setting) => {
      for (const result of reloadResults) reloads.announce(setting, result);
    },
    fileReloaded: (setting, result) => {
      reloads.inc(setting, result);
    },
  };
}
