import { closest, distance } from 'fastest-levenshtein';

/**
 * The name that an unknown one probably stands for: about one in three characters may differ. Upper case, camel case, `_` and `-`
 * make no difference.
 *
 * @param maxDistance maximum number of differing characters, for names that are similar anyway
 * @returns one of `names`, or `undefined` if none is similar
 */
export function suggestionFor(name: string, names: readonly string[], maxDistance = Infinity): string | undefined {
  const wanted = normalized(name);
  if (wanted === '' || names.length === 0) return undefined;
  const byForm = new Map(names.map((one) => [normalized(one), one]));
  const nearest = closest(wanted, [...byForm.keys()]);
  const allowed = Math.min(maxDistance, Math.ceil(Math.min(wanted.length, nearest.length) / 3));
  return distance(wanted, nearest) <= allowed ? byForm.get(nearest) : undefined;
}

function normalized(name: string): string {
  return name
    .replaceAll(/([a-z])([A-Z])/g, '$1-$2')
    .replaceAll(/[_\s-]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .toLowerCase();
}

/** The warning about a variable that looks like a setting. */
export function unknownVariable(name: string, suggestion: string | undefined): string {
  const meant = suggestion === undefined ? '' : ` Did you mean ${suggestion}?`;
  return `${name} is set, but is not a setting.${meant}`;
}
