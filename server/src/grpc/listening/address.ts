import { formatHostAndPort } from '../../host-and-port';
import { variable } from '../../setting-names';
import type { SettingId } from '../../setting-names';

/** Where the gRPC server listens. */
export type GrpcAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  /** `path` is a file in a directory that exists. */
  | { readonly kind: 'unix'; readonly path: string };

/** As clients write it. */
export function formatAddress(address: GrpcAddress): string {
  return address.kind === 'unix' ? `unix:${address.path}` : formatHostAndPort(address);
}

/** Another process listens on the address; it may be stopping. */
export class AddressInUseError extends Error {
  override readonly name = 'AddressInUseError';
}

/** The address cannot be used, and waiting will not help. */
export class ListenError extends Error {
  override readonly name = 'ListenError';

  /** @param setting to change */
  constructor(
    readonly address: GrpcAddress,
    readonly problem: string,
    readonly setting: SettingId = 'grpcAddresses',
    options?: { readonly cause?: unknown },
  ) {
    super(`Cannot listen on ${formatAddress(address)} (${variable(setting)}): ${problem}`, options);
  }

  /** The same problem of an address that another setting names. */
  of(setting: SettingId): ListenError {
    return new ListenError(this.address, this.problem, setting, { cause: this.cause });
  }
}

/** The `code` of a system error, or its message. */
export function problemOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
