import type { SettingId } from '../setting-names';
import type { InspectorConfig } from './config';
import { settings, variableOf } from './settings';
import type { SettingValues } from './settings';
import type { GivenSettings } from './sources';
import { isLoopback } from './values';

/** Problems with the settings of the inspector as a whole. */
export function inspectorProblems(values: Partial<SettingValues>, given: GivenSettings): string[] {
  const { inspectorAddress: address, inspectorRemote } = values;
  if (address === undefined || inspectorRemote === true) return [];
  if (address.host !== undefined && isLoopback(address.host)) return [];
  const { from, text } = given.get('inspectorAddress')!;
  return [
    `${from}: Expected loopback, like 127.0.0.1:9465, because the inspector has no login, got \`${text}\`. To serve it to others all the same, set ${variableOf(settings.inspectorRemote)}=on.`,
  ];
}

/** @returns `undefined` if there is no inspector */
export function inspectorConfigOf(values: SettingValues): InspectorConfig | undefined {
  const { inspectorAddress: address, inspectorHosts: hosts = [], inspectorSubjects: subjects } = values;
  return address && { address, hosts, subjects };
}

/** @returns why a setting of the inspector has no effect beside the others, or `undefined` if it has one */
export function unusedInspectorReason(id: SettingId, given: GivenSettings): string | undefined {
  if (!id.startsWith('inspector') || given.has('inspectorAddress')) return undefined;
  return `${variableOf(settings.inspectorAddress)} is not set`;
}
