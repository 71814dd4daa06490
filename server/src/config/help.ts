import { entries, flagOf, variableOf } from './settings';
import { otelVariables } from './otel-variables';

/** A setting as the documentation describes it. */
export interface SettingRow {
  readonly variable: string;
  /** Without dashes; `undefined` for a secret, which has no flag but may come from the file that `<variable>_FILE` names. */
  readonly flag: string | undefined;
  readonly kind: string;
  /** The default, or what happens without one. */
  readonly fallback: string;
  readonly help: string;
}

/** The rows of docs/reference/configuration.md. */
export function settingRows(): SettingRow[] {
  return entries.map(([, setting]) => ({
    variable: variableOf(setting),
    flag: flagOf(setting),
    kind: setting.kind.name,
    fallback: setting.fallback ?? setting.absent ?? '',
    help: setting.help,
  }));
}

/**
 * What --help prints.
 *
 * @param commands the commands of the program, with what each does
 */
export function helpText(commands: Readonly<Record<string, string>> = {}): string {
  const width = Math.max(0, ...Object.keys(commands).map((name) => name.length));
  return [
    'Stores the sessions of a web application in Redis or in memory and serves them as session.v1.SessionService.',
    '',
    'Usage: session-sidecar [serve] [-h | --help] [--version] [--<setting> <value> …]',
    '       session-sidecar <command> …',
    '',
    'Commands (`session-sidecar help <command>` explains one):',
    '',
    ...Object.entries(commands).map(([name, summary]) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'Settings of `serve`:',
    '',
    'Every setting is an environment variable. Settings that are not secret are flags too; a flag takes precedence.',
    '',
    ...settingRows().flatMap(({ variable, flag, kind, fallback, help }) => [
      `  ${variable}${flag === undefined ? `, or ${variable}_FILE` : `, --${flag}`}`,
      `      ${help}`,
      `      Value: ${kind}. Default: ${fallback}.`,
    ]),
    '',
    'Supported OpenTelemetry variables:',
    '',
    ...otelVariables.flatMap(({ names, fallback, help }) => [
      `  ${names.join(', or ')}`,
      `      ${help} Default: ${fallback}.`,
    ]),
    '',
  ].join('\n');
}
