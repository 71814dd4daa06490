import type { SettingReport } from './setting-report';
import type { Sources } from './sources';
import { otelVariables } from './tracing-config';
import type { OtelVariables } from './tracing-config';

/** The OpenTelemetry variables that are set, as they may be shown to operators: without secrets. */
export function reportTracing(env: Sources['env'], isOn: boolean): SettingReport[] {
  return otelVariables.flatMap(({ names, shown }) => {
    const given = names.filter((name) => (env[name] ?? '').trim() !== '');
    return given.map((variable, at): SettingReport => {
      // The headers of both variables are sent.
      const isOverridden = at > 0 && shown !== 'secret';
      const note = isOverridden ? `${given[0]!} takes precedence` : isOn ? undefined : 'tracing is off';
      const value = shownValue((env[variable] ?? '').trim(), shown);
      return { variable, value, source: 'variable', from: variable, note };
    });
  });
}

/** Headers are credentials as a rule, and a URL may contain a password, also in its query. */
function shownValue(text: string, shown: OtelVariables['shown']): string {
  if (shown === undefined) return text;
  if (shown === 'secret' || !URL.canParse(text)) return 'set';
  const { protocol, host, pathname } = new URL(text);
  return `${protocol}//${host}${pathname}`;
}
