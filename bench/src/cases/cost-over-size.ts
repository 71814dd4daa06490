import { sizes } from '../shop';
import type { Size } from '../shop';
import type { Case } from './case';
import { comparison, figures } from './comparison';

/** The cost of reads at one size, with few in flight, so that a stall of one is not hidden by the others. */
export function costOverSize(size: Size): Case {
  const what = (figure: string) =>
    `${figure} web requests that only read, sessions of about ${sizes[size].words}, 8 at a time, beside connect-redis in the app’s process.`;
  return comparison({
    ...{ ours: 'sidecar', theirs: 'connect-redis', size, inFlight: 8, writeShare: 0, isRival: true, isCareful: true },
    rows: [
      { id: `size-${size}-rate`, what: what('Cost over size: rate of'), figure: figures.perSecond },
      { id: `size-${size}-p99`, what: what('Cost over size: 99th percentile of'), figure: figures.p99Alone },
      {
        id: `size-${size}-cpu-app`,
        what: what('Cost over size: the app’s CPU time for each of'),
        figure: figures.appCpu,
      },
      { id: `size-${size}-cpu-all`, what: what('Cost over size: all CPU time for each of'), figure: figures.allCpu },
    ],
  });
}
