import { join } from 'node:path';
import Sequencer from '@jest/test-sequencer';

/** Jest knows durations only from earlier runs, and forgets them with its cache. */
const first = [
  // They collect all garbage again and again, which takes the longer the more earlier tests have left in a worker.
  'unit/client/cache/session-cache/memory.test.ts',
  'unit/store/memory/memory-store.test.ts',
  // Those that took more than 15 s in a clean clone, the slowest first.
  'interop/checks.test.ts',
  'fuzz/fuzz.test.ts',
  'integration/watch/events.test.ts',
  'chaos/chaos.test.ts',
  'interop/scenarios.test.ts',
  'interop/client-cache.test.ts',
  'interop/go-web.test.ts',
  'model/session-model.test.ts',
  'interop/restart.test.ts',
  'interop/pyramid.test.ts',
  'integration/redis-outages/sentinel.test.ts',
  'integration/web-without-sidecar.test.ts',
  'contract/redis-store.test.ts',
  'integration/watch/earlier-sessions.test.ts',
  'docs/nextjs.test.ts',
  'packaging/installed-python.test.ts',
  'process/node-versions.test.ts',
  'packaging/installed-packages.test.ts',
  'integration/promises/many-clients.test.ts',
  'browser/cookies.test.ts',
  'interop/examples.test.ts',
  'docs/runnable.test.ts',
  'browser/demo/looks.test.ts',
  'compatibility/version-skew.test.ts',
  'model/lease-model.test.ts',
  'interop/http/expectations.test.ts',
  'process/cli/doctor/sentinel.test.ts',
  'process/cli/doctor/single.test.ts',
  'docs/testing.test.ts',
  'fuzz/engine.test.ts',
  'integration/client-connection.test.ts',
  'k8s/prometheus.test.ts',
  'contract/redis-cluster-store.test.ts',
];

/** Starts the slowest tests first, so that none of them runs alone at the end while the other workers are idle. */
export default class LongestFirstSequencer extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const index = first.findIndex((name) => path.endsWith(join('test', name)));
      return index < 0 ? first.length : index;
    };
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
}
