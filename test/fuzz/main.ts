import { randomInt } from 'node:crypto';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { addToCorpus } from './engine/corpus';
import { supervise } from './engine/supervisor';
import type { Budget, Outcome } from './engine/target';
import { allTargets, targets } from './targets';

const options = {
  seconds: { type: 'string', default: '60' },
  seed: { type: 'string' },
  target: { type: 'string', multiple: true },
  corpus: { type: 'string', default: relative('', join(__dirname, 'corpus')) },
  help: { type: 'boolean', short: 'h' },
} as const;

const usage = `npm run fuzz -- [--seconds N] [--seed N] [--target NAME]… [--corpus FOLDER]

Replays the corpus of finds (default test/fuzz/corpus), then makes up inputs for N seconds in all (default 60), the same for each target.
Adds each input for which a property does not hold to the corpus, and exits with 1 if there is one.

Targets (default: all):

${targets.map(({ name, property }) => `  ${name}\n      ${property}`).join('\n')}
`;

/** Characters of a problem: its message and the first lines of its stack. */
const mostShown = 1500;

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options });
  const { seconds, seed = String(randomInt(2 ** 31)), target: names, corpus: corpusFolder, help } = values;
  if (help) {
    console.log(usage);
    return 0;
  }
  const unknown = names?.find((name) => !allTargets.some((target) => target.name === name));
  if (!/^\d{1,9}$/.test(seconds) || !/^\d{1,10}$/.test(seed) || unknown !== undefined) {
    console.error(
      unknown === undefined ? 'Expected whole numbers for --seconds and --seed.' : `Unknown target: ${unknown}.`,
    );
    return 64;
  }
  const chosen = names === undefined ? targets : allTargets.filter(({ name }) => names.includes(name));
  const budget: Budget = { seconds: Number(seconds) / chosen.length, seed: Number(seed), corpusFolder };
  console.log(`seed ${seed}`);
  const rows: Record<string, object> = {};
  let found = 0;
  for (const target of chosen) {
    const outcome = await ('fuzz' in target ? target.fuzz(budget) : supervise(target, budget));
    report(target.name, outcome, corpusFolder);
    found += outcome.finds.length;
    rows[target.name] = rowOf(outcome);
  }
  console.table(rows);
  return found === 0 ? 0 : 1;
}

function report(name: string, { inputs, seconds, finds, missing }: Outcome, corpusFolder: string): void {
  if (missing === undefined) console.log(`${name}: ${inputs} inputs in ${seconds.toFixed(1)} s`);
  else console.error(`${name}: SKIPPED, because this machine does not have ${missing}`);
  for (const { input, problem, file } of finds) {
    const where =
      input === undefined ? 'kept by its engine' : (file ?? addToCorpus(corpusFolder, name, input, problem));
    console.error(`${name}: FOUND (${where}) ${problem.slice(0, mostShown)}`);
  }
}

function rowOf({ inputs, seconds, finds, missing }: Outcome): object {
  if (missing !== undefined) return { skipped: `no ${missing}` };
  return { inputs, 'inputs/s': Math.round(inputs / Math.max(seconds, 0.001)), finds: finds.length };
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
