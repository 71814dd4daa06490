import { setTimeout as delay } from 'node:timers/promises';
import type { AttackName } from '../attacks';
import { startAttacker } from '../processes';
import { residentBytes, startVictim, watchMemory, withRetries } from '../victim';
import type { Victim } from '../victim';
import { rowsOfAttack } from './attack-rows';
import type { AttackFigures, AttackOptions } from './attack-rows';
import type { Case } from './case';

/** How long the client runs without an attack: once to warm up, once as the baseline. */
const baselineMs = 1000;
/** The time between the end of an attack and the last measurement of memory. */
const settleMs = 1000;

/** Attacks a sidecar with default settings. Measures its memory, and the latency of a well-behaved client meanwhile. */
export function attackCase(name: AttackName, options: AttackOptions): Case {
  const id = `attack-${name}`;
  const ids = { memory: `${id}-rss`, p99: `${id}-p99`, ...(options.hasLogRow && { log: `${id}-log` }) };
  return {
    rows: Object.values(ids),
    async run({ plan, quiet }) {
      await quiet();
      const victim = await startVictim(options);
      const figures = await runAttack(name, victim, plan.attackMs);
      await victim.stop();
      return rowsOfAttack(ids, options, figures);
    },
  };
}

async function runAttack(attack: AttackName, victim: Victim, milliseconds: number): Promise<AttackFigures> {
  const { sidecar, target } = victim;
  const attacker = startAttacker();
  await withRetries(() => attacker.request('prepare', { attack, target }));
  await victim.watch(baselineMs);
  const before = await victim.watch(baselineMs);
  const memoryBefore = residentBytes(sidecar)!;
  const memory = watchMemory(sidecar);
  const [during, tally] = await Promise.all([victim.watch(milliseconds), attacker.request('attack', { milliseconds })]);
  const recoveryMs = await victim.untilAlive();
  await delay(settleMs);
  const memoryAfter = residentBytes(sidecar);
  const memoryPeak = memory.stop();
  await attacker.request('close', {});
  return { before, during, memoryBefore, memoryPeak, memoryAfter, recoveryMs, ending: sidecar.ending, tally };
}
