import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import type { Report } from './report';

const measuredPackages = ['@grpc/grpc-js', 'ioredis', 'connect-redis', 'redis', 'express-session', 'express'] as const;

/** What the figures depend on, without anything that identifies the machine or its owner. */
export function describeMachine(): Report['machine'] {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'an unknown processor',
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 1e9),
    os: `${type()} ${release().split('-', 1)[0]!}`,
  };
}

export function describeVersions(root: string, sidecarMain: string): Report['versions'] {
  const redis = execFileSync('redis-server', ['--version'], { encoding: 'utf8' });
  const sidecar = execFileSync(process.execPath, [sidecarMain, '--version'], { encoding: 'utf8' });
  return {
    'session-sidecar': sidecar.trim().split(' ').at(-1)!,
    'Node.js': process.version.slice(1),
    'redis-server': /v=(\S+)/.exec(redis)?.[1] ?? 'unknown',
    ...Object.fromEntries(measuredPackages.map((name) => [name, installedVersion(root, name)])),
  };
}

function installedVersion(root: string, name: string): string {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly version?: string }>>;
  };
  const found = lock.packages[`bench/node_modules/${name}`] ?? lock.packages[`node_modules/${name}`];
  return found?.version ?? 'unknown';
}
