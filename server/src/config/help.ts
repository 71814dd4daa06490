import { flagOf, variableOf } from './settings';
import type { Setting } from './settings';
import { entries } from './sources';

/** What --help prints. */
export function helpText(): string {
  return [
    'Keeps the sessions of a web application in Redis, or in memory, behind session.v1.SessionService.',
    '',
    'Usage: session-sidecar [--help] [--version] [--<setting> <value> …]',
    '',
    'Each setting is an environment variable; those without secrets are flags too, and a flag wins.',
    '',
    ...entries.flatMap(([, setting]) => [
      `  ${variableOf(setting)}${setting.secret ? `, or ${variableOf(setting)}_FILE` : `, --${flagOf(setting) ?? ''}`}`,
      `      ${setting.help}`,
      `      ${capitalized(setting.kind.name)}. Default: ${defaultOf(setting)}.`,
    ]),
    '',
  ].join('\n');
}

/** The rows of docs/configuration.md. */
export function settingRows(): { variable: string; flag: string | undefined; kind: string; fallback: string; help: string; secret: boolean }[] {
  return entries.map(([, setting]) => ({
    variable: variableOf(setting),
    flag: flagOf(setting),
    kind: setting.kind.name,
    fallback: defaultOf(setting),
    help: setting.help,
    secret: setting.secret ?? false,
  }));
}

function defaultOf({ fallback, absent = '' }: Setting<unknown>): string {
  return fallback ?? absent;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
