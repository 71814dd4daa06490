import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { toolchains } from '../../support/toolchains';
import type { Toolchain } from '../../support/toolchains';
import { readCorpus } from '../engine/corpus';
import type { CorpusEntry, Find, ForeignTarget, Outcome } from '../engine/target';

/** The clients in other languages are fuzzed by the engines of those languages, which see their coverage. */
const root = join(__dirname, '..', '..', '..');

export const goClient: ForeignTarget = {
  name: 'go-client',
  property:
    'Whatever a sidecar answers, no call of the Go client panics, and each that fails gives an *Error of a known code.',
  async fuzz({ seconds }) {
    const { go } = toolchains();
    if (go.missing !== undefined) return missing(go.missing);
    const folder = join(root, 'test', 'fuzz', 'go');
    const { GOPATH = '' } = go.env;
    const program = join(GOPATH, 'built', 'fuzz.test');
    // As `go test -fuzz` does, but with the code of this repository as the only guide: it compiles little, and runs faster.
    const instrument = '-gcflags=github.com/session-sidecar/session-sidecar/...=-d=libfuzzer';
    const build = ['test', '-c', '-vet=off', instrument, '-o', program, '.'];
    execFileSync(go.command, build, { cwd: folder, env: go.env, stdio: 'pipe' });
    const args = [
      '-test.run=^$',
      '-test.fuzz=^FuzzReplies$',
      '-test.fuzzminimizetime=200x',
      `-test.fuzztime=${Math.max(seconds, 1)}s`,
      `-test.fuzzcachedir=${join(GOPATH, 'fuzz', 'go-client')}`,
    ];
    const { code, output, passed } = await run({ ...go, command: program }, args, folder);
    const counts = [...output.matchAll(/execs: (\d+)/g)].map(([, count]) => Number(count));
    return { inputs: counts.at(-1) ?? 0, seconds: passed, finds: code === 0 ? [] : [{ problem: essence(output) }] };
  },
};

export const pythonClient: ForeignTarget = {
  name: 'python-client',
  property:
    'Whatever a sidecar answers, every call of the Python client returns or raises a SessionError of a known code.',
  async fuzz({ seconds, seed, corpusFolder }) {
    const { python } = toolchains();
    if (python.missing !== undefined) return missing(python.missing);
    if ((await run(python, ['-c', 'import atheris'], root)).code !== 0) return missing('Atheris');
    const folder = mkdtempSync(join(tmpdir(), 'session-sidecar-fuzz-'));
    const script = join(root, 'test', 'fuzz', 'python', 'replies.py');
    try {
      const finds = await replay(readCorpus(corpusFolder, 'python-client'), (files) =>
        run(python, [script, ...files], folder),
      );
      // 0 would be without end.
      const limits = [`-max_total_time=${Math.max(seconds, 1)}`, `-seed=${Math.max(seed, 1)}`, '-print_final_stats=1'];
      const { code, output, passed } = await run(python, [script, ...limits, `-artifact_prefix=${folder}/`], folder);
      const inputs = Number(/stat::number_of_executed_units: (\d+)/.exec(output)?.[1] ?? 0);
      const [artifact] = readdirSync(folder).filter((name) => /^(crash|timeout|oom)-/.test(name));
      if (code !== 0) {
        const input = artifact === undefined ? {} : { input: readFileSync(join(folder, artifact)) };
        finds.push({ ...input, problem: essence(output) });
      }
      return { inputs, seconds: passed, finds };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Replays a corpus in one process, as long as nothing fails, because starting one takes seconds. */
async function replay(
  corpus: readonly CorpusEntry[],
  runFiles: (files: readonly string[]) => ReturnType<typeof run>,
): Promise<Find[]> {
  // Without a file, fuzzing would begin.
  if (corpus.length === 0) return [];
  const together = await runFiles(corpus.map(({ file }) => resolve(file)));
  if (together.code === 0) return [];
  const finds: Find[] = [];
  for (const { file, input } of corpus) {
    const { code, output } = await runFiles([resolve(file)]);
    if (code !== 0) finds.push({ input, file, problem: essence(output) });
  }
  // None of them alone, but one after the others.
  return finds.length > 0 ? finds : [{ problem: essence(together.output) }];
}

function missing(what: string): Outcome {
  return { inputs: 0, seconds: 0, finds: [], missing: what };
}

async function run(
  { command, env }: Toolchain,
  args: readonly string[],
  cwd: string,
): Promise<{ readonly code: number | null; readonly output: string; readonly passed: number }> {
  const began = performance.now();
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output, passed: (performance.now() - began) / 1000 };
}

/** What an engine prints of a failure, without its progress and the insides of the languages. */
function essence(output: string): string {
  const noise =
    /^(fuzz: elapsed|WARNING: |#\d+|INFO: |stat::|\s*$)|--- FAIL|Uncaught Python exception|\/usr\/local\/go\/|runtime\/debug/;
  const lines = output.split('\n').filter((line) => !noise.test(line));
  return lines.join('\n').trim();
}
