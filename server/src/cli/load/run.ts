import type { Invocation } from '../command';
import type { Exit } from '../exit-codes';
import { SidecarCalls } from '../sidecar-calls';
import { targetOf } from '../sidecar-target';
import { LoadSessions } from './load-sessions';
import { Measurement } from './measurement';
import { showProgress } from './progress';
import { printResult, resultOf } from './report';

/** By its attribute names, as the options of the command have them. */
interface LoadOptions {
  readonly duration: number;
  readonly inFlight: number;
  readonly connections: number;
  readonly sessions: number;
  readonly readRatio: number;
  readonly size: number;
}

/** Longer than anything here waits, beside the measurement. */
const leewaySeconds = 60;

export async function runLoad(invocation: Invocation): Promise<Exit> {
  const { output, interrupted } = invocation;
  const options = invocation.options as unknown as LoadOptions;
  const target = targetOf(invocation);
  const connections = Array.from({ length: options.connections }, () => new SidecarCalls(target));
  const [first] = connections;
  const idleSeconds = Math.ceil(options.duration / 1000) + leewaySeconds;
  const plan = { sessions: options.sessions, bytes: options.size, inFlight: options.inFlight, idleSeconds };
  const sessions = new LoadSessions(connections, plan);
  let measurement: Measurement | undefined;
  try {
    await sessions.create(interrupted);
    measurement = await measure(connections, sessions, options, invocation);
  } catch (error) {
    throw first!.explain(error);
  } finally {
    const left = await sessions.end();
    for (const each of connections) each.close();
    if (left > 0) output.message(`warning: ${left} sessions could not be ended; they expire within ${idleSeconds} s.`);
  }
  if (measurement === undefined) return 'interrupted';
  const result = resultOf(measurement);
  if (output.isJson) output.json(result);
  else printResult(result, output);
  if (interrupted.aborted) return 'interrupted';
  return result.failed === 0 ? 'ok' : 'failed';
}

/** @returns `undefined` if it was interrupted before */
async function measure(
  connections: readonly SidecarCalls[],
  { tokens }: LoadSessions,
  { duration: durationMs, inFlight, readRatio, size: bytes }: LoadOptions,
  { output, interrupted }: Invocation,
): Promise<Measurement | undefined> {
  if (interrupted.aborted) return undefined;
  const measurement = new Measurement({ durationMs, inFlight, readRatio, bytes });
  const hide = showProgress(measurement, durationMs, output);
  try {
    await measurement.run(connections, tokens, interrupted);
  } finally {
    hide();
  }
  return measurement;
}
