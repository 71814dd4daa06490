import { setTimeout as delay } from 'node:timers/promises';
import type { AttackName } from '../attacks';
import { startAttacker } from '../processes';
import { insist, residentBytes, startVictim, watchMemory } from '../victim';
import type { Victim } from '../victim';
import { rowsOfBattle } from './attack-rows';
import type { AttackOptions, Battle } from './attack-rows';
import type { Case } from './case';

/** How long the client is alone: first to warm up, then to be measured. */
const peaceMs = 1000;
/** How long after an attack its traces are looked for. */
const aftermathMs = 1000;

/** One attack on a sidecar with default settings: its memory, and what a well-behaved client sees meanwhile. */
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
