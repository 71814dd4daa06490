import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A line of the sidecar's log. */
interface Line {
  readonly level?: string;
  readonly msg?: string;
  readonly grpc?: readonly string[];
}

/** How long a sidecar may take to start, in ms. It takes less than a second unless the machine is busy. */
const startMs = 30_000;

/**
 * Reads what a sidecar prints, from now on.
 *
 * @param variables what was set for it. A warning about one of them, for example that there is no such setting, is an error.
 * @returns its gRPC address, as soon as it serves
 */
export function untilServing(child: ChildProcessWithoutNullStreams, variables: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const problems: string[] = [];
    const otherOutput: string[] = [];
    const fail = (reason: string): void => {
      clearTimeout(timer);
      const details = problems.length > 0 ? problems : otherOutput;
      reject(new Error([`The session sidecar did not start: ${reason}`, ...details].join('\n')));
    };
    const timer = setTimeout(() => fail(`it does not serve after ${startMs / 1000} s`), startMs);
    child.once('error', ({ message }) => fail(message));
    child.once('close', (code, signal) => fail(`it ended with ${signal ?? `exit code ${code ?? 'unknown'}`}`));
    const readers = [child.stderr, child.stdout].map((input) => createInterface({ input }));
    const serve = (address: string): void => {
      clearTimeout(timer);
      // What it prints from now on is read all the same: otherwise it would have to wait at some point.
      for (const reader of readers) reader.close();
      for (const output of [child.stderr, child.stdout]) output.resume();
      resolve(address);
    };
    readers[0]?.on('line', (text) => otherOutput.push(text));
    readers[1]?.on('line', (text) => {
      const line = parse(text);
      if (line === undefined) otherOutput.push(text);
      const { level, msg = '', grpc: [address] = [] } = line ?? {};
      if (level === 'fatal' || (level === 'warn' && variables.some((name) => msg.includes(name)))) problems.push(msg);
      if (msg !== 'serving' || address === undefined) return;
      if (problems.length > 0) fail('a setting is not valid');
      else serve(address);
    });
  });
}

/** `undefined`: not a line of a log, but for example a message of a container engine. */
function parse(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}
