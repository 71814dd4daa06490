import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { InspectorConfig } from '../config/config';
import type { SettingReport } from '../config/setting-report';
import type { LogLevel } from '../config/values';
import type { ConnectionInfo } from '../grpc/connections/connection-info';
import type { HttpObserver } from '../http/limits';
import { startLimitedServer } from '../http/limited-server';
import type { Readiness } from '../http/readiness';
import type { CallFailure } from '../rpc/failure-reports';
import { buildReport } from './build-report';
import { systemClock } from './clock';
import type { Clock } from './clock';
import type { SearchSubject } from './found-sessions';
import { LogLevelControl } from './log-level';
import { maxBodyBytes } from './request-form';
import { routes } from './routes';
import { ErrorCounts } from './stats/error-counts';
import { History } from './stats/history';
import { readMetrics } from './stats/reading';
import { statsOf } from './stats/stats';

export interface InspectorParts {
  readonly config: InspectorConfig;
  readonly version: string;
  /** The commit that it was built from; `undefined`: not known. */
  readonly commit: string | undefined;
  /** The kind of store. */
  readonly store: string;
  readonly settings: readonly SettingReport[];
  readonly logger: Logger;
  readonly logLevel: LogLevel;
  readonly registry: Registry;
  readonly observer: HttpObserver;
  readonly readiness: () => Readiness;
  readonly searchSubject: SearchSubject;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
}

export interface Inspector {
  /** To be called for each failed call. */
  readonly callFailed: (failure: CallFailure) => void;
  /**
   * Starts to listen and to take samples.
   *
   * @param connections returns the open gRPC connections
   * @returns its URL
   */
  listen(connections: () => readonly ConnectionInfo[]): Promise<string>;
  close(): Promise<void>;
}

/** The charts show 10 minutes; the present is the last one. */
const intervalMs = 5_000;
const historyLimits = { samples: 120, present: 12 };

/** A page needs three connections. */
const maxConnections = 32;

/** A status page for operators, and the API behind it. It takes samples of the metrics only while it listens. */
export function openInspector(parts: InspectorParts): Inspector {
  const { config, registry, readiness, clock = systemClock } = parts;
  const history = new History(historyLimits);
  const errors = new ErrorCounts(() => clock.now());
  const logLevel = new LogLevelControl(parts.logger, parts.logLevel);
  const endings: (() => unknown)[] = [() => logLevel.close()];
  const sample = async (): Promise<void> => {
    const reading = await readMetrics(registry, clock.now());
    history.add(reading);
    errors.read(reading);
  };
  return {
    callFailed: errors.callFailed,
    listen: async (connections) => {
      const stats = () =>
        statsOf({ history, intervalMs, errors: errors.list(), readiness: readiness(), connections: connections() });
      const build = () => buildReport(parts.version, parts.commit, parts.store);
      const { settings, logger } = parts;
      const searchSubject = config.subjects ? parts.searchSubject : undefined;
      const answer = routes({
        hosts: config.hosts,
        settings,
        build,
        readiness,
        stats,
        logLevel,
        logger,
        searchSubject,
      });
      const { address } = config;
      const limits = { maxConnections, maxBodyBytes, observer: parts.observer };
      const server = await startLimitedServer({ ...limits, address, setting: 'inspectorAddress', answer });
      endings.push(() => server.close());
      await sample();
      const onFailure = (error: unknown) => logger.error({ err: error }, 'the inspector failed to take a sample');
      endings.push(clock.every(intervalMs, () => void sample().catch(onFailure)));
      return server.address;
    },
    close: async () => {
      await Promise.all(endings.map((end) => end()));
    },
  };
}
