import type { Client } from '@grpc/grpc-js';
import { connectRaw, mutation } from '../../support/raw-grpc';
import type { RawClient } from '../../support/raw-grpc';
import { connectBare, openPipeline } from '../../support/raw-pipeline';
import type { RawPipeline } from '../../support/raw-pipeline';
import { metricOf } from '../../support/ready-sidecar';
import type { RedisServer } from '../../support/redis';
import type { Sidecar } from '../../support/sidecar';
import { stackForEachTest } from '../../support/stack';
import type { SidecarOptions } from '../../support/stack';

interface Started {
  readonly sidecar: Sidecar;
  readonly raw: RawClient;
  /** One connection. */
  readonly client: Client;
  readonly open: () => RawPipeline;
  newToken(value?: string): Promise<string>;
}

interface StartedOnRedis extends Started {
  readonly redis: RedisServer;
  readonly inFlight: () => Promise<number>;
}

/** Starts sidecars for the tests of a file, each of which ends what it started. */
export function pipelineServers() {
  const stack = stackForEachTest();

  async function start(options: SidecarOptions = {}): Promise<Started> {
    const sidecar = await stack.sidecar(options);
    const raw = stack.use(connectRaw(sidecar.address));
    const client = stack.use(connectBare(sidecar.address));
    return {
      sidecar,
      raw,
      client,
      open() {
        const pipeline = openPipeline(client);
        stack.defer(() => pipeline.cancel());
        return pipeline;
      },
      newToken: async (value = '0') =>
        (await raw.call('createSession', { mutations: [mutation.set('n', value)] })).token,
    };
  }

  /** A sidecar on a Redis that can be frozen. */
  async function startOnRedis(settings: Readonly<Record<string, string>> = {}): Promise<StartedOnRedis> {
    const redis = await stack.redis();
    const started = await start({ redis, settings: { REDIS_COMMAND_TIMEOUT: '1m', ...settings } });
    return { ...started, redis, inFlight: () => metricOf(started.sidecar, 'session_sidecar_rpcs_in_flight') };
  }

  return { start, startOnRedis };
}

export const increment = (token: string) => ({ token, mutations: [mutation.increment('n', 1)] });
export const range = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index);
