import type { Cluster, Redis } from 'ioredis';
import { variable } from '../../setting-names';
import { ContentKeys } from '../../store/redis/encryption/content-keys';
import type { EncryptionKeys } from '../../store/redis/encryption/content-keys';
import { keyIdOf, sampleHeaders } from '../../store/redis/inventory/sample-headers';
import { codeOf } from '../../store/redis/redis-errors';
import { usageError } from '../cli-error';
import { serversOf } from '../connection/servers';

/**
 * With other keys than the sidecars, or with none, an import would store sessions in clear, or so that the sidecars cannot read them.
 *
 * @throws CliError if there are sessions that these keys cannot decrypt
 */
export async function checkKeys(client: Redis | Cluster, keyPrefix: string, set: EncryptionKeys | undefined) {
  const keys = new ContentKeys(set);
  for (const server of await serversOf(client)) {
    const headers = await sampleHeaders(server, keyPrefix).catch((error: unknown) => {
      // Storing sessions takes fewer rights.
      if (codeOf(error) === 'NOPERM') return [];
      throw error;
    });
    const ids = headers.flatMap((header) => keyIdOf(header) ?? []);
    if (ids.some((id) => !keys.has(id))) {
      throw usageError(
        `${variable('encryptionKeys')}: There are sessions under keys that it does not have. Import with the settings of the sidecars.`,
      );
    }
  }
}
