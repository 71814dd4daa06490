import { collectDefaultMetrics, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { RpcObserver } from '../grpc/dispatcher';
import { loadResults } from '../session/session-events';
import type { SessionEvents } from '../session/session-events';
import type { StoreObserver } from '../store/observed-store';
import type { NearCacheObserver } from '../store/redis/near-cache';
import { Counter, Histogram } from './series';
import type { ExemplarLabels } from './series';

/** Everything the sidecar counts, as what its parts report to. */
export interface Metrics extends SessionEvents, RpcObserver, StoreObserver, NearCacheObserver {
  setStoreReady(ready: boolean): void;
}

export interface BuildInfo {
  readonly version: string;
  readonly store: string;
}

/** From a tenth of a millisecond, the cost of a call to memory, to the longest deadline anybody would wait. */
const latencyBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const sizeBuckets = [64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576];

/**
 * One set of metrics on a registry of its own; label values come from closed sets, so the number of series is bounded.
 *
 * @param exemplar what finds the trace of the call that is just counted
 */
export function createMetrics(registry: Registry, build: BuildInfo, exemplar?: () => ExemplarLabels): Metrics {
  const describe = (name: string, help: string, labelNames: string[]) => ({
    name: `session_sidecar_${name}`,
    help,
    labelNames,
  });
  const counter = (name: string, help: string, ...labelNames: string[]) =>
    new Counter(registry, describe(name, help, labelNames));
  const histogram = (name: string, help: string, bounds: number[], ...labelNames: string[]) =>
    new Histogram(registry, describe(name, help, labelNames), bounds);
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ ...describe(name, help, labelNames), registers: [registry] });

  const rpcs = counter('rpcs_total', 'Calls that ended, by method and gRPC status.', 'method', 'status');
  const rpcDuration = new Histogram(
    registry,
    describe('rpc_duration_seconds', 'How long calls took in the sidecar.', ['method']),
    latencyBuckets,
    exemplar,
  );
  let inFlight = 0;
  new Gauge({
    ...describe('rpcs_in_flight', 'Calls under way.', []),
    registers: [registry],
    collect() {
      this.set(inFlight);
    },
  });
  const created = counter('sessions_created_total', 'Sessions created.');
  const loaded = counter(
    'sessions_loaded_total',
    'Reads, by whether there was a session (found, not_found), and tokens that any call brought and that are none of this deployment (token_malformed, token_bad_signature, token_unknown_key).',
    'result',
  );
  const updated = counter(
    'sessions_updated_total',
    'Updates, flash pushes and pops, and new CSRF tokens that succeeded.',
  );
  const invalidated = counter('sessions_invalidated_total', 'Sessions ended by InvalidateSession.');
  const regenerated = counter('sessions_regenerated_total', 'Tokens replaced by RegenerateSession.');
  const touches = counter(
    'touches_total',
    'Reads, by whether the access was due to be recorded (done) or was within the touch interval (skipped).',
    'result',
  );
  const conflicts = counter('version_conflicts_total', 'Updates refused because if_version did not hold.');
  const sessionSize = histogram('session_size_bytes', 'Content of sessions created and loaded.', sizeBuckets);
  const storeDuration = histogram(
    'store_command_duration_seconds',
    'How long the store took to answer.',
    latencyBuckets,
    'command',
  );
  const storeErrors = counter('store_errors_total', 'Store commands that failed, by reason.', 'command', 'reason');
  const storeReady = gauge('store_ready', '1 when the store can be used, 0 when not.');
  const nearCacheReads = counter(
    'near_cache_reads_total',
    'Reads that asked the near cache first, by whether it had the session (hit, miss).',
    'result',
  );
  const nearCacheReady = gauge(
    'near_cache_ready',
    '1 when Redis tells of changes and the near cache can be used, 0 when not or when there is none.',
  );
  const buildInfo = gauge(
    'build_info',
    'Always 1: the version and the kind of store in its labels.',
    'version',
    'store',
  );

  for (const result of loadResults) loaded.announce(result);
  for (const result of ['done', 'skipped']) touches.announce(result);
  for (const result of ['hit', 'miss']) nearCacheReads.announce(result);
  buildInfo.set({ version: build.version, store: build.store }, 1);
  collectDefaultMetrics({ register: registry });

  return {
    rpcStarted() {
      inFlight += 1;
    },
    rpcEnded(method, status, milliseconds) {
      inFlight -= 1;
      rpcs.inc(method, status);
      rpcDuration.observe(milliseconds / 1000, method);
    },
    created: () => {
      created.inc();
    },
    loaded: (result) => {
      loaded.inc(result);
    },
    updated: () => {
      updated.inc();
    },
    invalidated: () => {
      invalidated.inc();
    },
    regenerated: () => {
      regenerated.inc();
    },
    touched: (recorded) => {
      touches.inc(recorded ? 'done' : 'skipped');
    },
    versionConflict: () => {
      conflicts.inc();
    },
    sized: (bytes) => {
      sessionSize.observe(bytes);
    },
    storeAnswered(command, milliseconds, errorReason) {
      storeDuration.observe(milliseconds / 1000, command);
      if (errorReason !== undefined) storeErrors.inc(command, errorReason);
    },
    nearCacheRead: (hit) => {
      nearCacheReads.inc(hit ? 'hit' : 'miss');
    },
    setNearCacheReady: (ready) => {
      nearCacheReady.set(ready ? 1 : 0);
    },
    setStoreReady: (ready) => {
      storeReady.set(ready ? 1 : 0);
    },
  };
}
