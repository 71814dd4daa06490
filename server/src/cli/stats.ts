import { setTimeout } from 'node:timers/promises';
import { Option } from 'commander';
import { CliError, usageError } from './cli-error';
import type { CommandDefinition, Invocation } from './command';
import type { Exit } from './exit-codes';
import { durationOption, jsonOption } from './options';
import { settingOf } from './single-setting';
import { parseMetrics } from './stats/prometheus-text';
import type { Sample } from './stats/prometheus-text';
import { printSummary } from './stats/report';
import { areOfOneProcess, difference, summarize } from './stats/summary';

/** A sidecar answers within milliseconds. */
const timeoutMs = 5_000;

export const stats: CommandDefinition = {
  name: 'stats',
  summary: 'Show the metrics of a running sidecar as tables.',
  description: [
    'Reads /metrics once, and shows what was counted since the sidecar started; with --over, it reads twice and shows the rates in between. Percentiles are estimated from the buckets of the histograms.',
  ],
  options: [
    new Option(
      '--url <url>',
      'where the sidecar serves HTTP (default: the port of SESSION_SIDECAR_HTTP_ADDRESS on this machine)',
    ),
    durationOption(
      '--over <duration>',
      'measure for this long, such as 10s, instead of since the start',
      '100ms',
      '1h',
    ),
    jsonOption(),
  ],
  examples: [
    { command: 'session-sidecar stats', purpose: 'since the sidecar started' },
    { command: 'session-sidecar stats --over 10s', purpose: 'the next ten seconds' },
    { command: 'session-sidecar stats --json', purpose: 'for a script' },
  ],
  exits: ['ok', 'usage', 'unavailable', 'interrupted'],
  run: showStats,
};

async function showStats({ options, env, output, readFile, interrupted }: Invocation): Promise<Exit> {
  const url = metricsUrl(options['url'] as string | undefined, () => settingOf('httpAddress', { env, readFile }));
  const overMs = options['over'] as number | undefined;
  let samples = await read(url);
  let seconds: number | undefined;
  if (overMs !== undefined) {
    const startedAt = performance.now();
    await setTimeout(overMs, undefined, { signal: interrupted }).catch(() => {});
    const first = samples;
    samples = await read(url);
    if (areOfOneProcess(first, samples)) {
      samples = difference(first, samples);
      seconds = (performance.now() - startedAt) / 1000;
    } else {
      output.message('warning: The sidecar has restarted in the meantime. This is what it has counted since then.');
    }
  }
  const summary = summarize(samples, Date.now() / 1000);
  if (output.isJson) output.json({ seconds: seconds ?? null, ...summary });
  else printSummary(summary, seconds, output);
  return interrupted.aborted ? 'interrupted' : 'ok';
}

/** @param given by the user; any path is replaced */
function metricsUrl(
  given: string | undefined,
  configured: () => { readonly host: string | undefined; readonly port: number },
): URL {
  if (given === undefined) {
    const { host = '127.0.0.1', port } = configured();
    const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
    return new URL(`http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}/metrics`);
  }
  const parsed = URL.canParse(given) ? new URL(given) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw usageError(`--url: Expected a URL such as http://127.0.0.1:9464.`);
  }
  return new URL('/metrics', parsed);
}

async function read(url: URL): Promise<Sample[]> {
  const unavailable = (why: string): CliError =>
    new CliError('unavailable', `No sidecar answers at ${url.origin}: ${why}. Name another address with --url.`);
  let text: string;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), headers: { accept: 'text/plain' } });
    if (!response.ok) throw unavailable(`status ${response.status}`);
    text = await response.text();
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw unavailable(causeOf(error));
  }
  const samples = parseMetrics(text);
  if (!samples.some(({ name }) => name === 'session_sidecar_build_info')) throw unavailable('it serves other metrics');
  return samples;
}

function causeOf(error: unknown): string {
  const { cause, name, code } = error as { cause?: { code?: string }; name?: string; code?: string };
  return cause?.code ?? (name === 'TimeoutError' ? 'no answer' : (code ?? 'the connection failed'));
}
