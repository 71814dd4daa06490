import { Option } from 'commander';
import { usageError } from './cli-error';
import type { Invocation } from './command';
import { valueOption } from './options';
import { addressKind, addressText, tokenIn } from './sidecar-target';
import type { SidecarTarget } from './sidecar-target';
import { settingOf } from './single-setting';

export function adminTargetOptions(): Option[] {
  return [
    valueOption(
      '--address <address>',
      'address of the administration service (default: the first one of SESSION_SIDECAR_ADMIN_ADDRESS)',
      addressKind,
    ),
    new Option(
      '--admin-token-file <path>',
      'file with the token of operators (default: the first one of SESSION_SIDECAR_ADMIN_TOKENS or of its file)',
    ),
  ];
}

/** @throws ConfigError | CliError */
export function adminTargetOf({ options, env, readFile }: Invocation): SidecarTarget {
  const [configured] = settingOf('adminAddresses', { env, readFile }) ?? [];
  const address = (options['address'] as string | undefined) ?? (configured && addressText(configured));
  if (address === undefined) {
    throw usageError(
      'Name the address of the administration service with --address, or set SESSION_SIDECAR_ADMIN_ADDRESS.',
    );
  }
  const token = tokenIn('--admin-token-file', options['adminTokenFile'] as string | undefined);
  return { address, apiToken: token ?? settingOf('adminTokens', { env, readFile })?.[0] };
}
