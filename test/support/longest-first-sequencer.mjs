import { join } from 'node:path';
import Sequencer from '@jest/test-sequencer';

/** Jest knows durations only from earlier runs, and forgets them with its cache. */
const first = [
  // They collect all garbage again and again, which takes the longer the more earlier tests have left in a worker.
  'unit/client/cache/session-cache/memory.test.ts',
  'unit/store/memory/memory-store.test.ts',
  // The slowest tests, the slowest first.
  'fuzz/fuzz.test.ts',
  'interop/checks.test.ts',
  'integration/promises/many-clients.test.ts',
  'chaos/chaos.test.ts',
  'model/session-model.test.ts',
  'compatibility/version-skew.test.ts',
  'docs/shell.test.ts',
  'fuzz/engine.test.ts',
  'process/node-versions.test.ts',
  'integration/redis-outages/sentinel.test.ts',
  'integration/redis-outages/cluster.test.ts',
  'process/npm-demo.test.ts',
  'process/changed-files.test.ts',
  'process/rolling-restart.test.ts',
  'integration/client-connection.test.ts',
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
