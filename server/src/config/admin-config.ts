import type { SettingId } from '../setting-names';
import type { AdminConfig } from './config';
import { settings, variableOf } from './settings';
import type { SettingValues } from './settings';
import type { GivenSettings } from './sources';

/** Problems with the settings of the administration service as a whole. */
export function adminProblems(values: Partial<SettingValues>, given: GivenSettings): string[] {
  const { adminAddresses = [], adminTokens, apiTokens = [] } = values;
  const problems: string[] = [];
  const isOpen = adminAddresses.some(({ kind }) => kind === 'tcp') && !given.has('adminTokens');
  if (isOpen) {
    const { from, text } = given.get('adminAddresses')!;
    problems.push(
      `${from}: Expected unix:/path without a token, because every process of the pod can reach TCP, got \`${text}\`. To serve it on TCP, set ${variableOf(settings.adminTokens)}.`,
    );
  }
  if (adminTokens?.some((token) => apiTokens.includes(token)) === true) {
    problems.push(
      `${given.get('adminTokens')!.from}: Expected tokens of its own, got one that is also in ${given.get('apiTokens')!.from}.`,
    );
  }
  return problems;
}

/** @returns `undefined` if there is no administration service */
export function adminConfigOf(values: SettingValues): AdminConfig | undefined {
  const { adminAddresses: addresses, adminTokens: tokens, adminSocketMode: socketMode } = values;
  return addresses && { addresses, tokens, socketMode };
}

/** @returns why a setting of the administration service has no effect beside the others, or `undefined` if it has one */
export function unusedAdminReason(id: SettingId, given: GivenSettings): string | undefined {
  if (!id.startsWith('admin') || given.has('adminAddresses')) return undefined;
  return `${variableOf(settings.adminAddresses)} is not set`;
}
