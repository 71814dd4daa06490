import { now } from './clock';
import type { PartProgress } from './part';

const everyMs = 3000;

/** Returns a function that prints a progress line, but not more often than every few seconds. */
export function progressPrinter(totalMs: number, print: (line: string) => void): (progress: PartProgress) => void {
  const began = now();
  let next = began;
  return ({ part, round, recorder, faults, result }) => {
    const at = now();
    if (at < next) return;
    next = at + everyMs;
    const counts = { ...result.outcomes };
    for (const { outcome } of recorder.operations) {
      if (outcome.status === 'ok') counts.ok += 1;
      else if (outcome.status === 'failed' && !outcome.maybeApplied) counts.failed += 1;
      else counts.ambiguous += 1;
    }
    const elapsed = `${((at - began) / 1000).toFixed(0)} s of about ${(totalMs / 1000).toFixed(0)} s`;
    const where = `${part.mode.name}, near cache ${part.nearCache ? 'on' : 'off'}, round ${round}`;
    const calls = `${counts.ok} ok, ${counts.failed} failed, ${counts.ambiguous} ambiguous`;
    print(`${elapsed} | ${where} | ${calls} | ${faults.join(' + ') || '-'} | ${result.violations.length} violations`);
  };
}
