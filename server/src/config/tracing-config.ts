import type { TracingConfig } from './config';
import {
  disabled,
  endpoint,
  exporter,
  givenVariables,
  otelVariables,
  sampler,
  samplerArgument,
} from './otel-variables';
import type { GivenVariable, OtelVariables } from './otel-variables';
import type { Sources } from './sources';
import { suggestionFor, unknownVariable } from './suggestion';
import { ValueError } from './values';

export interface LoadedTracing {
  /** `undefined`: no tracing. */
  readonly tracing: TracingConfig | undefined;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

export function loadTracing({ env, readFile }: Pick<Sources, 'env' | 'readFile'>): LoadedTracing {
  const misspelt = misspeltVariables(env);
  const off: LoadedTracing = { tracing: undefined, problems: [], warnings: misspelt };
  const text = (variables: OtelVariables): string | undefined => givenVariables(env, variables)[0]?.text;
  const kind = text(exporter) ?? 'otlp';
  if (text(endpoint) === undefined || text(disabled)?.toLowerCase() === 'true' || kind === 'none') return off;
  if (kind !== 'otlp') {
    return {
      ...off,
      warnings: [...misspelt, `OTEL_TRACES_EXPORTER is ${kind}, but only otlp is supported; tracing is off.`],
    };
  }
  const problems = usedVariables(env).flatMap(([{ from, text: given }, { kind: expected }]): string[] => {
    try {
      expected?.parse(given, readFile);
      return [];
    } catch (error) {
      if (error instanceof ValueError) return [`${from}: ${error.message}`];
      throw error;
    }
  });
  if (problems.length > 0) return { ...off, problems };
  return { ...off, tracing: { collector: endpoint.kind.parse(text(endpoint)!, readFile).origin } };
}

/** The variables that are set and have an effect, with what is known about them. */
function usedVariables(env: Sources['env']): [GivenVariable, OtelVariables][] {
  const samplesByRatio = (givenVariables(env, sampler)[0]?.text ?? '').endsWith('traceidratio');
  return otelVariables
    .filter((variables) => variables !== samplerArgument || samplesByRatio)
    .flatMap((variables) => {
      const given = givenVariables(env, variables);
      const used = variables.areCombined === true ? given : given.slice(0, 1);
      return used.map((one): [GivenVariable, OtelVariables] => [one, variables]);
    });
}

/** OpenTelemetry has many more variables; those for logs and metrics have almost the same names. */
function misspeltVariables(env: Sources['env']): string[] {
  const names = otelVariables.flatMap((variables) => variables.names);
  return Object.keys(env)
    .filter(
      (name) => /^otel_/i.test(name) && env[name] !== '' && !names.includes(name) && !name.startsWith('OTEL_BLRP_'),
    )
    .flatMap((name) => {
      const suggestion = suggestionFor(name, names, 2);
      return suggestion === undefined ? [] : [unknownVariable(name, suggestion)];
    });
}
