import type { AttackName } from './attacks';
import type { AttackTarget, Tally } from './attacks/attack';

/** The commands of the attacker process, and their answers. */
export interface AttackerCommands {
  prepare(options: { attack: AttackName; target: AttackTarget }): void;
  attack(options: { milliseconds: number }): Tally;
  /** Ends the process. */
  close(options: Record<string, never>): void;
}
