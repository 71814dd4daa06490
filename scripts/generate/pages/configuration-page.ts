import { otelVariables, settingRows } from '../../../server/src/config';
import { code, page, table } from './markdown';

/** docs/reference/configuration.md, from the settings' table. */
export function configurationPage(): string {
  const rows = settingRows().map(({ variable, flag, kind, fallback, help }) => [
    [code(variable), flag === undefined ? code(`${variable}_FILE`) : code(`--${flag}`)].join('<br>'),
    kind,
    fallback,
    help,
  ]);
  return page(
    'Configuration',
    [
      'Every setting is an environment variable. Most are also flags, which take precedence. Secrets are not, because every',
      'process of a machine can read a command line; instead, `<variable>_FILE` may name a file with the secret. An empty',
      'variable counts as not set. Durations and sizes need a unit. All mistakes are reported at once, one log line each, with',
      'exit code 64. An unknown variable that begins with `SESSION_SIDECAR_` is a warning.\n',
      'Files named by settings (secrets, certificates, keys) are read again when they change, without a restart; see',
      '[operations](../operate/operations.md#files-that-change).',
    ],
    table(['Variable, and flag or file', 'Value', 'Default', 'What it does'], rows),
    '## OpenTelemetry\n',
    [
      'These variables of OpenTelemetry configure [tracing](../operate/tracing.md). Platforms often set them already. If two',
      'have the same meaning, the first one that is set counts. While tracing is on, a value that is not valid is a mistake like',
      'that of a setting; the SDK alone would ignore it.\n',
    ].join('\n'),
    table(
      ['Variable', 'Default', 'What it does'],
      otelVariables.map(({ names, fallback, help }) => [names.map(code).join('<br>'), fallback, help]),
    ),
  );
}
