import { setTimeout as delay } from 'node:timers/promises';
import type { AttackName } from '../attacks';
import { startAttacker } from '../processes';
import { insist, residentBytes, startVictim, watchMemory } from '../victim';
import type { Victim } from '../victim';
import { rowsOfBattle } from './attack-rows';
import type { AttackOptions, Battle } from './attack-rows';
import type { Case } from './case';

/** How long the client runs without an attack: once to warm up, once as the baseline. */
const peaceMs = 1000;
/** The time between the end of an attack and the last measurement of memory. */
const aftermathMs = 1000;

/** Attacks a sidecar with default settings. Measures its memory, and the latency of a well-behaved client meanwhile. */
export function attackCase(name: AttackName, options: AttackOptions): Case {
  const id = `attack-${name}`;
  const ids = { memory: `${id}-rss`, p99: `${id}-p99`, ...(options.hasLogRow && { log: `${id}-log` }) };
  return {
    rows: Object.values(ids),
    async run({ plan, quiet }) {
      await quiet();
      const victim = await startVictim(options);
      const battle = await fight(name, victim, plan.attackMs);
      await victim.stop();
      return rowsOfBattle(ids, options, battle);
    },
  };
}

async function fight(attack: AttackName, victim: Victim, milliseconds: number): Promise<Battle> {
  const { sidecar, target } = victim;
  const attacker = startAttacker();
  await insist(() => attacker.request('prepare', { attack, target }));
  await victim.watch(peaceMs);
  const before = await victim.watch(peaceMs);
  const memoryBefore = residentBytes(sidecar)!;
  const memory = watchMemory(sidecar);
  const [during, tally] = await Promise.all([victim.watch(milliseconds), attacker.request('attack', { milliseconds })]);
  const recoveryMs = await victim.untilAlive();
  await delay(aftermathMs);
  const memoryAfter = residentBytes(sidecar);
  const memoryPeak = memory.stop();
  await attacker.request('close', {});
  return { before, during, memoryBefore, memoryPeak, memoryAfter, recoveryMs, ending: sidecar.ending, tally };
}
