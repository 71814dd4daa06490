import { settings, variableOf } from './settings';
import type { SettingValues } from './settings';
import type { SettingId } from '../setting-names';
import type { GivenSettings } from './sources';

/** Settings that are valid but contradict each other, most likely by mistake. */
export function contradictions(values: SettingValues, given: GivenSettings): string[] {
  const { idleTimeout, touchInterval, maxLifetime, maxSessionBytes, memoryStoreBytes } = values;
  const written = (id: SettingId): string => {
    const { text = settings[id as 'idleTimeout'].fallback, from = variableOf(settings[id]) } = given.get(id) ?? {};
    return `${from} (${text})`;
  };
  const warnings: string[] = [];
  if (maxLifetime !== undefined && idleTimeout !== undefined && maxLifetime < idleTimeout) {
    warnings.push(
      `${written('maxLifetime')} is shorter than ${written('idleTimeout')}: sessions end before their idle timeout. Raise the one or lower the other.`,
    );
  }
  const shortest = Math.min(idleTimeout ?? Infinity, maxLifetime ?? Infinity);
  if (touchInterval !== undefined && touchInterval > shortest) {
    const than = shortest === idleTimeout ? 'idleTimeout' : 'maxLifetime';
    warnings.push(
      `${written('touchInterval')} is longer than ${written(than)}: accesses are hardly ever recorded. Lower it to a fraction of that.`,
    );
  }
  if (given.has('memoryStoreBytes') && maxSessionBytes > memoryStoreBytes) {
    warnings.push(
      `${written('maxSessionBytes')} is larger than ${written('memoryStoreBytes')}: a session may not fit in the store. Raise the one or lower the other.`,
    );
  }
  const { signingKeys = [], encryptionKeys } = values;
  if (encryptionKeys?.keys.some((key) => signingKeys.some((other) => other.equals(key)))) {
    const [signing, encryption] = (['signingKeys', 'encryptionKeys'] as const).map((id) => given.get(id)?.from);
    warnings.push(
      `${encryption} and ${signing} have a key in common: who learns it can read sessions, and sign tokens. Use different keys.`,
    );
  }
  return warnings;
}
