import { readFileSync } from 'node:fs';
import { Option } from 'commander';
import type { AdminConfig } from '../config/config';
import { apiTokens, inFile, plainText, ValueError } from '../config/values';
import { usageError } from './cli-error';
import type { Invocation } from './command';
import { valueOption } from './options';
import { settingOf } from './single-setting';

type GrpcAddress = AdminConfig['addresses'][number];

/** A running sidecar, and what it takes to call it. */
export interface SidecarTarget {
  /** `host:port` or `unix:/path`. */
  readonly address: string;
  readonly apiToken: string | undefined;
}

export const addressKind = plainText('host:port or unix:/path', /^(unix:\/\S+|(\[[0-9a-f:]+\]|[^\s/:@]+):\d{1,5})$/i);

export function targetOptions(): Option[] {
  return [
    valueOption(
      '--address <address>',
      'gRPC address of the sidecar (default: the first one of SESSION_SIDECAR_GRPC_ADDRESS)',
      addressKind,
    ),
    new Option(
      '--api-token-file <path>',
      'file with the API token (default: the first one of SESSION_SIDECAR_API_TOKENS or of its file)',
    ),
  ];
}

/** @throws ConfigError | CliError */
export function targetOf({ options, env, readFile }: Invocation): SidecarTarget {
  return {
    address: (options['address'] as string | undefined) ?? configuredAddress({ env, readFile }),
    apiToken:
      tokenIn('--api-token-file', options['apiTokenFile'] as string | undefined) ??
      settingOf('apiTokens', { env, readFile })?.[0],
  };
}

function configuredAddress(sources: Pick<Invocation, 'env' | 'readFile'>): string {
  const [first] = settingOf('grpcAddresses', sources);
  if (first === undefined) throw usageError('SESSION_SIDECAR_GRPC_ADDRESS: Expected an address.');
  return addressText(first);
}

/** As clients write it. */
export function addressText(address: GrpcAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** @param option that names the file */
export function tokenIn(option: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return inFile(apiTokens).parse(path, readFileSync)[0];
  } catch (error) {
    if (error instanceof ValueError) throw usageError(`${option}: ${error.message}`);
    throw error;
  }
}
