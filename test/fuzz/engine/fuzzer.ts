import { setImmediate } from 'node:timers/promises';
import { Coverage } from './coverage';
import { minimise } from './minimise';
import { mutate } from './mutator';
import { Random } from './random';
import { CulpritError, defaultMaxBytes } from './target';
import type { CorpusEntry, Find, OpenTarget, Target } from './target';

export interface FuzzerContext {
  readonly seconds: number;
  readonly seed: number;
  /** Beside the corpus and what is tried to make an input smaller. Default: as many as the time allows. */
  readonly mostInputs?: number;
  readonly corpus: readonly CorpusEntry[];
  /** Is told each input before it runs, so that one which hangs or ends the process is known. */
  readonly onInput: (input: Buffer) => void;
  readonly onFind: (find: Find) => void;
}

interface Failure {
  readonly input: Buffer;
  readonly problem: string;
}

/** An input that did something new, and how much work it was. */
interface Kept {
  readonly input: Buffer;
  readonly steps: number;
}

/** Inputs that are kept for being changed further. Beyond it, a random one gives way. */
const mostKept = 4096;
/** Between two turns of the event loop, which a target without input and output never leaves by itself. */
const inputsPerTurn = 256;
/** Kinds of finds, after which a target's fuzzing ends: more of them would only bury the first ones. */
const mostFinds = 10;

/** Replays the corpus, then makes inputs out of what was worth keeping until the time is up. */
export async function fuzz(target: Target, opened: OpenTarget, context: FuzzerContext): Promise<void> {
  const { maxBytes = defaultMaxBytes, guidedBy = [] } = target;
  const { mostInputs = Infinity } = context;
  const random = new Random(context.seed);
  const coverage = new Coverage(guidedBy);
  const dictionary = (target.dictionary ?? []).map((word) => Buffer.from(word));
  const kept: Kept[] = [];
  const foundKinds = new Set<string>();
  coverage.takeNews();

  const failureOf = async (input: Buffer): Promise<Failure | undefined> => {
    context.onInput(input);
    try {
      const running = opened.run(input);
      if (running !== undefined) await running;
    } catch (error) {
      const problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { problem, input: error instanceof CulpritError ? error.input : input };
    }
    return undefined;
  };

  /** @returns what is wrong, if anything; keeps the input if it is worth it */
  const attempt = async (input: Buffer): Promise<Failure | undefined> => {
    const failure = await failureOf(input);
    if (coverage.takeNews()) {
      const entry = { input, steps: coverage.steps };
      if (kept.length < mostKept) kept.push(entry);
      else kept[random.below(mostKept)] = entry;
    }
    if (failure !== undefined) return failure;
    const { size = input.length } = opened;
    const allowed = target.maxSteps?.(size) ?? Infinity;
    return coverage.steps > allowed
      ? { input, problem: `Took ${coverage.steps} steps for ${size} bytes; ${allowed} are allowed.` }
      : undefined;
  };

  for (const { file, input } of context.corpus) {
    const failure = await attempt(input);
    if (failure === undefined) continue;
    foundKinds.add(kindOf(failure));
    context.onFind({ input, problem: failure.problem, file });
  }
  const seeds = [...target.seeds.map((seed) => Buffer.from(seed)), ...context.corpus.map(({ input }) => input)];
  const deadline = performance.now() + context.seconds * 1000;
  const isOver = (): boolean => performance.now() >= deadline || foundKinds.size >= mostFinds;

  for (let count = 0; count < mostInputs && !isOver(); count += 1) {
    if (count % inputsPerTurn === 0) await setImmediate();
    const [base, other] = [choose(), choose()];
    const input = count < seeds.length ? seeds[count]! : madeFrom(base, other);
    const failure = await attempt(input);
    if (failure === undefined || foundKinds.has(kindOf(failure))) continue;
    const kind = kindOf(failure);
    foundKinds.add(kind);
    const smallest = await minimise(failure.input, async (candidate) => {
      const again = await attempt(candidate);
      return again?.input === candidate && kindOf(again) === kind;
    });
    context.onFind({ input: smallest, problem: failure.problem });
  }

  /** Where nothing tells what is worth changing further, chance has to bring variety. */
  function madeFrom(base: Buffer, other: Buffer): Buffer {
    if (guidedBy.length === 0 && random.below(2) === 0) return random.bytes(random.below(1 + random.below(maxBytes)));
    return mutate(base, random, { dictionary, other, maxBytes });
  }

  /** What was kept last leads further more often, and what takes less work is tried more often in the same time. */
  function choose(): Buffer {
    if (kept.length === 0 || random.below(16) === 0) return seeds.length === 0 ? Buffer.alloc(0) : random.pick(seeds);
    const newest = random.below(3) === 0 ? Math.max(0, kept.length - 16) : 0;
    const [one, other] = [0, 1].map(() => kept[newest + random.below(kept.length - newest)]!) as [Kept, Kept];
    return one.steps <= other.steps || random.below(4) === 0 ? one.input : other.input;
  }
}

/** Finds of one kind have one cause, as a rule: the same message but for what it quotes. */
function kindOf({ problem }: Failure): string {
  const [message = ''] = problem.split('\n', 1);
  return message.replaceAll(/`[^`]*`|"[^"]*"|'[^']*'|[\da-f]{6,}|\d+/g, '');
}
