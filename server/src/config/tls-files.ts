import { createSecureContext } from 'node:tls';
import type { Config } from './config';
import type { NameOf } from './settings';

/** Problems of the certificates and keys for Redis, to report at start-up. */
export function tlsProblems({ store }: Pick<Config, 'store'>, nameOf: NameOf): string[] {
  const tls = store.kind === 'redis' ? store.redis.tls : undefined;
  // Without a CA of its own, a context reads all that Node.js trusts, which takes 4 to 15 ms.
  if (tls === undefined) return [];
  const { ca, cert, key } = tls;
  const problems: string[] = [];
  if (!isAccepted({ ca }))
    problems.push(`${nameOf('redisTlsCaFile')}: Expected certificates in PEM; they cannot be decoded.`);
  if (!isAccepted({ cert }))
    problems.push(`${nameOf('redisTlsCertFile')}: Expected a certificate in PEM; it cannot be decoded.`);
  if (!isAccepted({ key })) {
    problems.push(
      `${nameOf('redisTlsKeyFile')}: Expected a private key in PEM without a passphrase; it cannot be decoded.`,
    );
  }
  if (problems.length === 0 && !isAccepted({ cert, key })) {
    const names = `${nameOf('redisTlsCertFile')} and ${nameOf('redisTlsKeyFile')}`;
    problems.push(`${names}: The certificate and the private key do not belong together.`);
  }
  return problems;
}

/** OpenSSL's own message may quote the content. */
function isAccepted(material: {
  ca?: Buffer | undefined;
  cert?: Buffer | undefined;
  key?: Buffer | undefined;
}): boolean {
  try {
    createSecureContext(material);
    return true;
  } catch {
    return false;
  }
}
