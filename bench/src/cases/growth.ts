import type { Round } from '../closed-loop';
import { rowOf } from '../row';
import { alternate, compare } from '../statistics';
import type { Bench, Case } from './case';
import { figures } from './comparison';

const few = 64;

/** Whether a request costs more CPU time if many others are in flight. */
export const growthInFlight: readonly Case[] = (['sidecar', 'sidecar-cached'] as const).flatMap((side) =>
  [512, 4096].map((many) => {
    const id = `${side === 'sidecar' ? '' : 'cached-'}growth-in-flight-${many}`;
    return {
      rows: [id],
      async run({ plan, stack }: Bench) {
        const used = await stack(side, '300b');
        const round = (inFlight: number): Round => ({
          inFlight,
          writeShare: 0.1,
          milliseconds: plan.careful.milliseconds,
        });
        const take = (count: number) =>
          alternate(
            count,
            () => used.run(round(many)),
            () => used.run(round(few)),
          );
        await used.settle();
        await take(1);
        const pairs = await take(plan.careful.rounds);
        const { min, max, ...compared } = compare(pairs, figures.allCpu.of);
        const { unit, better } = figures.allCpu;
        const where = side === 'sidecar' ? '' : 'With the client’s cache: ';
        const what = `${where}CPU time of app, sidecar and Redis per web request of which 10 % write, ${many.toLocaleString('en')} in flight; theirs: ${few} in flight.`;
        const failed = { ours: pairs.reduce((sum, [ours]) => sum + ours.failed, 0), theirs: 0 };
        return [rowOf({ id, what, unit, better, ...compared, ratioMin: min, ratioMax: max, failed })];
      },
    };
  }),
);
