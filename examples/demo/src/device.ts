import type { Request } from 'express';

/** The first that a `User-Agent` contains is its name: most browsers also name those that they resemble. */
const browsers = [
  ['Edg/', 'Edge'],
  ['OPR/', 'Opera'],
  ['Firefox/', 'Firefox'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
] as const;

const systems = [
  ['Android', 'Android'],
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Windows', 'Windows'],
  ['Mac OS X', 'macOS'],
  ['Linux', 'Linux'],
] as const;

/** What visitors recognize a session by, for example `Firefox on Linux, 192.0.2.7`. Short, whatever the browser sends. */
export function deviceOf(req: Request): string {
  const agent = req.get('user-agent') ?? '';
  const nameIn = (names: readonly (readonly [string, string])[]) => names.find(([mark]) => agent.includes(mark))?.[1];
  const browser = nameIn(browsers) ?? 'Another program';
  const system = nameIn(systems);
  return `${browser}${system === undefined ? '' : ` on ${system}`}, ${req.ip ?? 'unknown address'}`;
}
