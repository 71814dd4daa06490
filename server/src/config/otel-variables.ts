import { collectorUrl, headers, ratio, resourceAttributes, trueOrFalse } from './otel-values';
import type { Sources } from './sources';
import { integer, oneOf, pemFile } from './values';
import type { ValueKind } from './values';

/** OpenTelemetry variables with the same meaning; the first that is set takes precedence. */
export interface OtelVariables {
  readonly names: readonly string[];
  readonly fallback: string;
  /** How a value may be shown. Default: as it is. */
  readonly shown?: 'secret' | 'url';
  readonly help: string;
  /** Whether all that are set count, not only the first one. */
  readonly areCombined?: boolean;
  /** What a value must be while there is tracing: instead of any other, the SDK would use the default. Default: any text. */
  readonly kind?: ValueKind<unknown>;
}

/** One of the variables, with its text. */
export interface GivenVariable {
  readonly from: string;
  readonly text: string;
}

/** Those that are set, the one that takes precedence first. */
export function givenVariables(env: Sources['env'], { names }: OtelVariables): GivenVariable[] {
  return names.flatMap((from) => {
    const text = (env[from] ?? '').trim();
    return text === '' ? [] : [{ from, text }];
  });
}

/** Those for traces alone take precedence, as everywhere in OpenTelemetry. */
const ofExporter = (name: string) => [`OTEL_EXPORTER_OTLP_TRACES_${name}`, `OTEL_EXPORTER_OTLP_${name}`];

/** Of a timer of Node.js, in ms. */
const maxDelayMs = 2_147_483_647;

const milliseconds = integer(1, maxDelayMs);
const count = integer(1, 1_000_000);

export const endpoint = {
  names: ofExporter('ENDPOINT'),
  kind: collectorUrl,
  shown: 'url',
  fallback: 'no tracing',
  help: 'URL of the collector, such as http://collector:4318; /v1/traces is appended to the second one. Turns tracing on.',
} satisfies OtelVariables;

const protocol: OtelVariables = {
  names: ofExporter('PROTOCOL'),
  kind: oneOf('http/protobuf'),
  fallback: 'http/protobuf',
  help: 'Protocol of the collector. Only http/protobuf is supported.',
};

export const disabled: OtelVariables = {
  names: ['OTEL_SDK_DISABLED'],
  kind: trueOrFalse,
  fallback: 'false',
  help: 'true turns tracing off, regardless of the other variables.',
};

export const exporter: OtelVariables = {
  names: ['OTEL_TRACES_EXPORTER'],
  fallback: 'otlp',
  help: 'none turns tracing off. Otherwise only otlp is supported.',
};

const rootSamplers = ['always_on', 'always_off', 'traceidratio'] as const;

export const sampler = {
  names: ['OTEL_TRACES_SAMPLER'],
  kind: oneOf(...rootSamplers, ...rootSamplers.map((name) => `parentbased_${name}` as const)),
  fallback: 'parentbased_always_on',
  help: 'Which traces are exported. By default, those that the caller exports and those that begin in the sidecar.',
} satisfies OtelVariables;

export const samplerArgument: OtelVariables = {
  names: ['OTEL_TRACES_SAMPLER_ARG'],
  kind: ratio,
  fallback: '1',
  help: 'Sampling ratio, for samplers that take one, such as 0.1.',
};

/**
 * The standard OpenTelemetry variables that are supported, because platforms set them already. The first ones decide here whether
 * there is tracing; the OpenTelemetry SDK itself reads the others, which are only checked here.
 */
export const otelVariables: readonly OtelVariables[] = [
  endpoint,
  protocol,
  disabled,
  exporter,
  {
    names: ofExporter('HEADERS'),
    kind: headers,
    areCombined: true,
    shown: 'secret',
    fallback: 'none',
    help: 'Headers sent with every export, such as key=value,key2=value2. The headers of both variables are sent.',
  },
  {
    names: ofExporter('TIMEOUT'),
    kind: milliseconds,
    fallback: '10000',
    help: 'Maximum time to send a batch, in milliseconds.',
  },
  {
    names: ofExporter('COMPRESSION'),
    kind: oneOf('gzip', 'none'),
    fallback: 'none',
    help: 'Compression of exports: gzip or none.',
  },
  {
    names: ofExporter('CERTIFICATE'),
    kind: pemFile,
    fallback: 'the certification authorities built into Node.js',
    help: 'PEM file with the certification authorities that may sign the certificate of the collector.',
  },
  {
    names: ofExporter('CLIENT_CERTIFICATE'),
    kind: pemFile,
    fallback: 'no client certificate',
    help: 'PEM file with the client certificate.',
  },
  {
    names: ofExporter('CLIENT_KEY'),
    kind: pemFile,
    fallback: 'no client certificate',
    help: 'PEM file with the key of the client certificate.',
  },
  { names: ['OTEL_SERVICE_NAME'], fallback: 'session-sidecar', help: 'Service name in the spans.' },
  {
    names: ['OTEL_RESOURCE_ATTRIBUTES'],
    kind: resourceAttributes,
    fallback: 'none',
    help: 'Additional attributes of the service, such as deployment.environment.name=production.',
  },
  sampler,
  samplerArgument,
  {
    names: ['OTEL_BSP_SCHEDULE_DELAY'],
    kind: integer(0, maxDelayMs),
    fallback: '5000',
    help: 'Maximum time before a span is exported in a batch, in milliseconds.',
  },
  {
    names: ['OTEL_BSP_EXPORT_TIMEOUT'],
    kind: milliseconds,
    fallback: '30000',
    help: 'Maximum time to export a batch, in milliseconds.',
  },
  {
    names: ['OTEL_BSP_MAX_QUEUE_SIZE'],
    kind: count,
    fallback: '2048',
    help: 'Maximum number of spans that wait for export. Further spans are dropped.',
  },
  {
    names: ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE'],
    kind: count,
    fallback: '512',
    help: 'Maximum number of spans in a batch.',
  },
];
