import type { TracingConfig } from './config';
import type { Sources } from './sources';
import { suggestionFor, unknownVariable } from './suggestion';
import { ValueError } from './values';

/** OpenTelemetry variables with the same meaning; the first that is set takes precedence. */
export interface OtelVariables {
  readonly names: readonly string[];
  readonly fallback: string;
  /** How a value may be shown. Default: as it is. */
  readonly shown?: 'secret' | 'url';
  readonly help: string;
}

/** Those for traces alone take precedence, as everywhere in OpenTelemetry. */
const ofExporter = (name: string) => [`OTEL_EXPORTER_OTLP_TRACES_${name}`, `OTEL_EXPORTER_OTLP_${name}`];

const endpoint: OtelVariables = {
  names: ofExporter('ENDPOINT'),
  shown: 'url',
  fallback: 'no tracing',
  help: 'URL of the collector, such as http://collector:4318; /v1/traces is appended to the second one. Turns tracing on.',
};
const protocol: OtelVariables = {
  names: ofExporter('PROTOCOL'),
  fallback: 'http/protobuf',
  help: 'Protocol of the collector. Only http/protobuf is supported.',
};
const disabled: OtelVariables = {
  names: ['OTEL_SDK_DISABLED'],
  fallback: 'false',
  help: 'true turns tracing off, regardless of the other variables.',
};
const exporter: OtelVariables = {
  names: ['OTEL_TRACES_EXPORTER'],
  fallback: 'otlp',
  help: 'none turns tracing off. Otherwise only otlp is supported.',
};

/**
 * The standard OpenTelemetry variables that are supported, because platforms set them already. The first ones decide here whether
 * there is tracing; the OpenTelemetry SDK itself reads the others.
 */
export const otelVariables: readonly OtelVariables[] = [
  endpoint,
  protocol,
  disabled,
  exporter,
  {
    names: ofExporter('HEADERS'),
    shown: 'secret',
    fallback: 'none',
    help: 'Headers sent with every export, such as key=value,key2=value2. The headers of both variables are sent.',
  },
  { names: ofExporter('TIMEOUT'), fallback: '10000', help: 'Maximum time to send a batch, in milliseconds.' },
  { names: ofExporter('COMPRESSION'), fallback: 'none', help: 'Compression of exports: gzip or none.' },
  {
    names: ofExporter('CERTIFICATE'),
    fallback: 'the certification authorities built into Node.js',
    help: 'PEM file with the certification authorities that may sign the certificate of the collector.',
  },
  {
    names: ofExporter('CLIENT_CERTIFICATE'),
    fallback: 'no client certificate',
    help: 'PEM file with the client certificate.',
  },
  {
    names: ofExporter('CLIENT_KEY'),
    fallback: 'no client certificate',
    help: 'PEM file with the key of the client certificate.',
  },
  { names: ['OTEL_SERVICE_NAME'], fallback: 'session-sidecar', help: 'Service name in the spans.' },
  {
    names: ['OTEL_RESOURCE_ATTRIBUTES'],
    fallback: 'none',
    help: 'Additional attributes of the service, such as deployment.environment.name=production.',
  },
  {
    names: ['OTEL_TRACES_SAMPLER'],
    fallback: 'parentbased_always_on',
    help: 'Which traces are exported. By default, those that the caller exports and those that begin in the sidecar.',
  },
  {
    names: ['OTEL_TRACES_SAMPLER_ARG'],
    fallback: '1',
    help: 'Sampling ratio, for samplers that take one, such as 0.1.',
  },
  {
    names: ['OTEL_BSP_SCHEDULE_DELAY'],
    fallback: '5000',
    help: 'Maximum time before a span is exported in a batch, in milliseconds.',
  },
  { names: ['OTEL_BSP_EXPORT_TIMEOUT'], fallback: '30000', help: 'Maximum time to export a batch, in milliseconds.' },
  {
    names: ['OTEL_BSP_MAX_QUEUE_SIZE'],
    fallback: '2048',
    help: 'Maximum number of spans that wait for export. Further spans are dropped.',
  },
  { names: ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE'], fallback: '512', help: 'Maximum number of spans in a batch.' },
];

export interface LoadedTracing {
  /** `undefined`: no tracing. */
  readonly tracing: TracingConfig | undefined;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

export function loadTracing(env: Sources['env']): LoadedTracing {
  const misspelt = misspeltVariables(env);
  const off: LoadedTracing = { tracing: undefined, problems: [], warnings: misspelt };
  const where = given(env, endpoint);
  const isDisabled = given(env, disabled)?.text.toLowerCase() === 'true';
  const kind = given(env, exporter)?.text ?? 'otlp';
  if (where === undefined || isDisabled || kind === 'none') return off;
  if (kind !== 'otlp') {
    return {
      ...off,
      warnings: [...misspelt, `OTEL_TRACES_EXPORTER is ${kind}, but only otlp is supported; tracing is off.`],
    };
  }
  const problems: string[] = [];
  const how = given(env, protocol);
  if (how !== undefined && how.text !== 'http/protobuf') {
    problems.push(`${how.from}: ${new ValueError('http/protobuf', how.text).message}`);
  }
  const url = URL.canParse(where.text) ? new URL(where.text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    // Not repeated, because it may contain a password.
    problems.push(`${where.from}: ${new ValueError('a URL like http://collector:4318').message}`);
    return { ...off, problems };
  }
  return { ...off, tracing: { collector: url.origin }, problems };
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

function given(env: Sources['env'], { names }: OtelVariables): { from: string; text: string } | undefined {
  const from = names.find((name) => (env[name] ?? '').trim() !== '');
  return from === undefined ? undefined : { from, text: (env[from] ?? '').trim() };
}
