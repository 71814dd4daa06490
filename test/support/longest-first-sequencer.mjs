import { join } from 'node:path';
import Sequencer from '@jest/test-sequencer';

/** What takes longest, the longest first. Jest learns this only by running everything once, and forgets it with its cache. */
const longest = [
  'fuzz/fuzz.test.ts',
  'integration/promises/many-clients.test.ts',
  'compatibility/version-skew.test.ts',
  'docs/shell.test.ts',
  'fuzz/engine.test.ts',
  'process/node-versions.test.ts',
  'integration/redis-outages/sentinel.test.ts',
  'integration/redis-outages/cluster.test.ts',
  'process/changed-files.test.ts',
  'process/rolling-restart.test.ts',
  'integration/client-connection.test.ts',
];

/** Starts them before everything else, so that no worker is left with one of them at the end while the others are idle. */
export default class LongestFirstSequencer extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const index = longest.findIndex((name) => path.endsWith(join('test', name)));
      return index < 0 ? longest.length : index;
    };
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
}
