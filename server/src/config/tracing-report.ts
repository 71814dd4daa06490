import { givenVariables, otelVariables } from './otel-variables';
import type { OtelVariables } from './otel-variables';
import type { SettingReport } from './setting-report';
import type { Sources } from './sources';

/** The OpenTelemetry variables that are set, as they may be shown to operators: without secrets. */
export function reportTracing(env: Sources['env'], isOn: boolean): SettingReport[] {
  return otelVariables.flatMap((variables) =>
    givenVariables(env, variables).map(({ from, text }, at, [first]): SettingReport => {
      const isOverridden = at > 0 && variables.areCombined !== true;
      const note = isOverridden ? `${first!.from} takes precedence` : isOn ? undefined : 'tracing is off';
      return { variable: from, value: shownValue(text, variables.shown), source: 'variable', from, note };
    }),
  );
}

/** The OpenTelemetry variables that have an effect, as text by variable. Of secrets, only that they are set. */
export function effectiveTracing(env: Sources['env'], isOn: boolean): Record<string, string> {
  const secrets = otelVariables.flatMap(({ names, shown }) => (shown === 'secret' ? names : []));
  return Object.fromEntries(
    reportTracing(env, isOn).flatMap(({ variable, value = '', note }) =>
      note === undefined ? [[variable, secrets.includes(variable) ? '(set)' : value]] : [],
    ),
  );
}

/** Headers are credentials as a rule, and a URL may contain a password, also in its query. */
function shownValue(text: string, shown: OtelVariables['shown']): string {
  if (shown === undefined) return text;
  if (shown === 'secret' || !URL.canParse(text)) return 'set';
  const { protocol, host, pathname } = new URL(text);
  return `${protocol}//${host}${pathname}`;
}
