import { withoutCredentials } from './redis-url';
import { entries, variableOf } from './settings';
import type { Setting, SettingValues } from './settings';
import type { SettingId } from '../setting-names';
import type { GivenSettings } from './sources';

/** One setting, as it may be shown to operators: without secrets. */
export interface SettingReport {
  readonly variable: string;
  /** As a user would write it; of a secret, only that it is set. `undefined`: it is not set and has no default. */
  readonly value: string | undefined;
  readonly source: 'default' | 'flag' | 'variable' | 'file';
  /** The flag or variable that set it, or that names the file; `undefined` for a default. */
  readonly from: string | undefined;
  /** What happens without a value, or why the value has no effect. */
  readonly note: string | undefined;
}

/** @param unusedReason why a setting has no effect; `undefined`: it has one */
export function reportSettings(
  given: GivenSettings,
  values: SettingValues,
  unusedReason: (id: SettingId) => string | undefined,
): SettingReport[] {
  return entries.map(([id, setting]) => {
    const found = given.get(id);
    return {
      variable: variableOf(setting),
      value: found === undefined ? setting.fallback : shown(id, setting, found.text, values),
      source:
        found === undefined ? 'default' : found.isPath ? 'file' : found.from.startsWith('--') ? 'flag' : 'variable',
      from: found?.from,
      note: unusedReason(id) ?? (found === undefined ? setting.absent : undefined),
    };
  });
}

/** A Redis URL is a secret for the sake of its password; the rest locates the store. */
function shown(id: SettingId, { secret }: Setting<unknown>, text: string, { redisUrl }: SettingValues): string {
  if (id === 'redisUrl' && redisUrl !== undefined) return withoutCredentials(redisUrl);
  return secret ? 'set' : text;
}
