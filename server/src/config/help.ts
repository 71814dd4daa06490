import { entries, flagOf, variableOf } from './settings';
import { otelVariables } from './tracing-config';

/** What is told about a setting. */
export interface SettingRow {
  readonly variable: string;
  /** Without dashes; `undefined` for a secret, which is no flag but may come from the file that `<variable>_FILE` names. */
  readonly flag: string | undefined;
  readonly kind: string;
  /** The default, or what happens without one. */
  readonly fallback: string;
  readonly help: string;
}

/** The rows of docs/configuration.md. */
export function settingRows(): SettingRow[] {
  return entries.map(([, setting]) => ({
    variable: variableOf(setting),
    flag: flagOf(setting),
    kind: setting.kind.name,
    fallback: setting.fallback ?? setting.absent ?? '',
    help: setting.help,
  }));
}

/** What --help prints. */
export function helpText(): string {
  return [
    'Keeps the sessions of a web application in Redis, or in memory, behind session.v1.SessionService.',
    '',
    'Usage: session-sidecar [--help] [--version] [--<setting> <value> …]',
    '',
    'Each setting is an environment variable; those without secrets are flags too, and a flag wins.',
    '',
    ...settingRows().flatMap(({ variable, flag, kind, fallback, help }) => [
      `  ${variable}${flag === undefined ? `, or ${variable}_FILE` : `, --${flag}`}`,
      `      ${help}`,
      `      ${kind.charAt(0).toUpperCase()}${kind.slice(1)}. Default: ${fallback}.`,
    ]),
    '',
    'These variables of OpenTelemetry are honoured, too:',
    '',
    ...otelVariables.flatMap(({ names, fallback, help }) => [
      `  ${names.join(', or ')}`,
      `      ${help} Default: ${fallback}.`,
    ]),
    '',
  ].join('\n');
}
