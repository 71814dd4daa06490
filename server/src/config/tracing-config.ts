import type { TracingConfig } from './config';
import type { Sources } from './sources';
import { ValueError } from './values';

/** Variables of OpenTelemetry that mean the same; of those that are set, the first counts. */
export interface OtelVariables {
  readonly names: readonly string[];
  readonly fallback: string;
  readonly help: string;
}

/** Those for traces alone come first, as everywhere in OpenTelemetry. */
const ofExporter = (name: string) => [`OTEL_EXPORTER_OTLP_TRACES_${name}`, `OTEL_EXPORTER_OTLP_${name}`];

const endpoint: OtelVariables = {
  names: ofExporter('ENDPOINT'),
  fallback: 'no tracing',
  help: 'Where spans go, like http://collector:4318; /v1/traces is added to the second. Turns tracing on.',
};
const protocol: OtelVariables = {
  names: ofExporter('PROTOCOL'),
  fallback: 'http/protobuf',
  help: 'How spans go there. Nothing but http/protobuf is supported.',
};
const disabled: OtelVariables = {
  names: ['OTEL_SDK_DISABLED'],
  fallback: 'false',
  help: 'true: no tracing, whatever the others say.',
};
const exporter: OtelVariables = {
  names: ['OTEL_TRACES_EXPORTER'],
  fallback: 'otlp',
  help: 'none: no tracing. Nothing else but otlp is supported.',
};

/**
 * The standard variables of OpenTelemetry that are honoured, because platforms set them already. The first of them decide here
 * whether there is tracing; the others are read by the SDK of OpenTelemetry itself.
 */
export const otelVariables: readonly OtelVariables[] = [
  endpoint,
  protocol,
  disabled,
  exporter,
  {
    names: ofExporter('HEADERS'),
    fallback: 'none',
    help: 'Headers to send along, like key=value,key2=value2. Those of both are sent.',
  },
  { names: ofExporter('TIMEOUT'), fallback: '10000', help: 'Milliseconds that sending a batch may take.' },
  { names: ofExporter('COMPRESSION'), fallback: 'none', help: 'gzip or none.' },
  {
    names: ofExporter('CERTIFICATE'),
    fallback: 'the certification authorities that Node.js knows',
    help: 'File with the certification authorities, in PEM, that the certificate of the collector is checked against.',
  },
  {
    names: ofExporter('CLIENT_CERTIFICATE'),
    fallback: 'no client certificate',
    help: 'File with the client certificate in PEM.',
  },
  {
    names: ofExporter('CLIENT_KEY'),
    fallback: 'no client certificate',
    help: 'File with the key of the client certificate in PEM.',
  },
  { names: ['OTEL_SERVICE_NAME'], fallback: 'session-sidecar', help: 'The service whose spans these are.' },
  {
    names: ['OTEL_RESOURCE_ATTRIBUTES'],
    fallback: 'none',
    help: 'What else is known of the service, like deployment.environment.name=production.',
  },
  {
    names: ['OTEL_TRACES_SAMPLER'],
    fallback: 'parentbased_always_on',
    help: 'Which traces are exported. By default, those of which the caller exports its part, and all that begin here.',
  },
  { names: ['OTEL_TRACES_SAMPLER_ARG'], fallback: '1', help: 'The ratio of a sampler that has one, like 0.1.' },
  {
    names: ['OTEL_BSP_SCHEDULE_DELAY'],
    fallback: '5000',
    help: 'Milliseconds that a span waits for others to be sent with.',
  },
  { names: ['OTEL_BSP_EXPORT_TIMEOUT'], fallback: '30000', help: 'Milliseconds after which a batch is given up.' },
  {
    names: ['OTEL_BSP_MAX_QUEUE_SIZE'],
    fallback: '2048',
    help: 'Most spans that wait. When there are more, spans are dropped.',
  },
  { names: ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE'], fallback: '512', help: 'Most spans of a batch.' },
];

export interface LoadedTracing {
  /** `undefined`: no tracing. */
  readonly tracing: TracingConfig | undefined;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

export function loadTracing(env: Sources['env']): LoadedTracing {
  const off: LoadedTracing = { tracing: undefined, problems: [], warnings: [] };
  const where = given(env, endpoint);
  const isDisabled = given(env, disabled)?.text.toLowerCase() === 'true';
  const kind = given(env, exporter)?.text ?? 'otlp';
  if (where === undefined || isDisabled || kind === 'none') return off;
  if (kind !== 'otlp') {
    return {
      ...off,
      warnings: [`OTEL_TRACES_EXPORTER is ${kind}, but only otlp is supported, so there is no tracing.`],
    };
  }
  const problems: string[] = [];
  const how = given(env, protocol);
  if (how !== undefined && how.text !== 'http/protobuf') {
    problems.push(`${how.from}: ${new ValueError('http/protobuf', how.text).message}`);
  }
  const url = URL.canParse(where.text) ? new URL(where.text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    // Not repeated, because there may be a password in it.
    problems.push(`${where.from}: ${new ValueError('a URL like http://collector:4318').message}`);
    return { ...off, problems };
  }
  return { ...off, tracing: { collector: url.origin }, problems };
}

function given(env: Sources['env'], { names }: OtelVariables): { from: string; text: string } | undefined {
  const from = names.find((name) => (env[name] ?? '').trim() !== '');
  return from === undefined ? undefined : { from, text: (env[from] ?? '').trim() };
}
