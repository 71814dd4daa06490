import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { until } from './poll';
import { freePort } from './free-port';
import { env } from './tools';

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  /** A time, and a number as text. */
  readonly value: readonly [number, string];
}

/** A Prometheus server that scrapes twice a second. */
export interface Prometheus {
  /** @throws Error if Prometheus rejects the query */
  query(expr: string): Promise<readonly Series[]>;
  /** Requests any other path of the API, and resolves to the `data` of the answer. */
  get(path: string): Promise<unknown>;
  /** Waits for two more scrapes. */
  scrapedAnew(): Promise<void>;
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  /** The URL of a sidecar's HTTP port. */
  readonly target: string;
  /** The labels that the Prometheus operator would add to its series. */
  readonly labels: Readonly<Record<string, string>>;
  /** The contents of a rule file. */
  readonly rules: object;
  /** More command line arguments. */
  readonly args?: readonly string[];
}

export async function startPrometheus({ target, labels, rules, args = [] }: PrometheusOptions): Promise<Prometheus> {
  const directory = mkdtempSync(join(tmpdir(), 'session-sidecar-prometheus-'));
  writeFileSync(join(directory, 'rules.yaml'), stringify(rules));
  const config = {
    global: { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '500ms' },
    rule_files: ['rules.yaml'],
    scrape_configs: [
      { job_name: labels['job'], static_configs: [{ targets: [target.replace('http://', '')], labels }] },
    ],
  };
  writeFileSync(join(directory, 'prometheus.yaml'), stringify(config));
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(directory, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
      ...args,
    ],
    { env, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const stopped = once(child, 'exit');

  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    const { status, data, error } = (await response.json()) as { status: string; data: unknown; error?: string };
    if (status !== 'success') throw new Error(`Prometheus rejected ${path}: ${error}`);
    return data;
  };
  const query = async (expr: string): Promise<readonly Series[]> => {
    const { result } = (await get(`query?query=${encodeURIComponent(expr)}`)) as { result: readonly Series[] };
    return result;
  };
  const scrapes = async (): Promise<number> => {
    const [series] = await query('count_over_time(up[10m])');
    return Number(series?.value[1] ?? 0);
  };
  await until('prometheus to scrape', async () => (await scrapes().catch(() => 0)) > 0);
  return {
    query,
    get,
    scrapedAnew: async () => {
      const before = await scrapes();
      await until('two scrapes', async () => (await scrapes()) >= before + 2);
    },
    stop: async () => {
      child.kill('SIGKILL');
      await stopped;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
