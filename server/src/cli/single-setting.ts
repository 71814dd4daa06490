import { ConfigError } from '../config';
import { settings, variableOf } from '../config/settings';
import { inFile, ValueError } from '../config/values';
import type { ReadFile, ValueKind } from '../config/values';
import type { SettingId } from '../setting-names';

interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: ReadFile;
}

type ValueOf<K extends SettingId> = (typeof settings)[K]['kind'] extends ValueKind<infer T> ? T : never;

/**
 * The value of one setting of the sidecar in the same environment, such as its address. The others may be missing here.
 *
 * @returns `undefined` if it is not set and has no default
 * @throws ConfigError
 */
export function settingOf<K extends SettingId>(
  id: K,
  { env, readFile }: Sources,
): (typeof settings)[K] extends { readonly fallback: string } ? ValueOf<K> : ValueOf<K> | undefined {
  const setting: { readonly name: string; readonly kind: ValueKind<unknown>; readonly fallback?: string } =
    settings[id];
  const name = variableOf(settings[id]);
  const [text, path] = [env[name] ?? '', env[`${name}_FILE`] ?? ''];
  const parse = (): unknown => {
    if (text !== '') return setting.kind.parse(text, readFile);
    if (path !== '' && 'secret' in settings[id]) return inFile(setting.kind).parse(path, readFile);
    return setting.fallback === undefined ? undefined : setting.kind.parse(setting.fallback, readFile);
  };
  try {
    return parse() as ValueOf<K>;
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new ConfigError([`${text !== '' ? name : `${name}_FILE`}: ${error.message}`]);
  }
}
