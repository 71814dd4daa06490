import type { Size } from '../shop';
import type { Case } from './case';
import { comparison, figures } from './comparison';

const sides = { ours: 'sidecar-encrypted', theirs: 'sidecar', isRival: false, isCareful: true } as const;
const beside = 'with encryption in Redis, beside the same without it';

/** What encryption costs. An update is then two commands instead of one. */
export function encryptionCases(size: Size): readonly Case[] {
  const mixed = `Web requests of which 10 % write, 64 at a time, sessions of ${size},`;
  return [
    comparison({
      ...{ ...sides, size, inFlight: 64, writeShare: 0.1 },
      rows: [
        { id: `encrypted-mix90-${size}-64`, what: `${mixed} ${beside}.`, figure: figures.perSecond },
        {
          id: `encrypted-cpu-mix90-${size}-64`,
          what: `CPU time of all processes per request. ${mixed} ${beside}.`,
          figure: figures.allCpu,
        },
      ],
    }),
    comparison({
      ...{ ...sides, size, inFlight: 1, writeShare: 0.5 },
      rows: [
        {
          id: `encrypted-mix50-${size}-1`,
          what: `Web requests of which half write, one at a time, sessions of ${size}, ${beside}.`,
          figure: figures.perSecond,
        },
      ],
    }),
  ];
}
