import { readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Registry } from 'prom-client';
import { fileDescriptors } from '@session-sidecar/proto/descriptors';
import { status } from '@grpc/grpc-js';
import { errorFacts } from '../client/src/errors/session-error';
import { otelVariables, settingRows } from '../server/src/config';
import { statusOf } from '../server/src/rpc/status';
import { createMetrics } from '../server/src/metrics/metrics';
import { code, page, table } from './markdown';
import { withPerformance } from './performance-table';
import { protoPage } from './proto-page';
import { sizingPage } from './sizing-page';

/** The pages of docs/ that are printed from the code, by file name. */
export async function pages(): Promise<Readonly<Record<string, string>>> {
  return {
    'reference/configuration.md': configurationPage(),
    'reference/errors.md': errorsPage(),
    'reference/metrics.md': await metricsPage(),
    'reference/proto.md': protoPage(),
    'operate/sizing.md': sizingPage(),
    '../README.md': withPerformance(readFileSync('README.md', 'utf8')),
  };
}

function configurationPage(): string {
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
      'have the same meaning, the first one that is set counts.\n',
    ].join('\n'),
    table(
      ['Variable', 'Default', 'What it does'],
      otelVariables.map(({ names, fallback, help }) => [names.map(code).join('<br>'), fallback, help]),
    ),
  );
}

async function metricsPage(): Promise<string> {
  const registry = new Registry();
  createMetrics(registry, { version: '', store: '' });
  const all = (await registry.getMetricsAsJSON()) as unknown as { name: string; help: string; type: string }[];
  const labels = (name: string): readonly string[] =>
    (registry.getSingleMetric(name) as unknown as { labelNames: readonly string[] }).labelNames;
  const rows = all.map(({ name, type, help }) => [code(name), type, labels(name).map(code).join(', '), help]);
  const isOwn = ([name]: string[]): boolean => name?.startsWith('`session_sidecar_') ?? false;
  const heading = ['Metric', 'Type', 'Labels', 'Meaning'];
  return page(
    'Metrics',
    [
      '`GET /metrics` on `SESSION_SIDECAR_HTTP_ADDRESS` returns OpenMetrics 1.0 if the header `Accept` requests it, as that of',
      'Prometheus does, else the text format of Prometheus. Both have the same series. In OpenMetrics, with',
      '[tracing](../operate/tracing.md), the buckets of `session_sidecar_rpc_duration_seconds` have exemplars. Label values come',
      'from closed sets: methods, gRPC statuses, error reasons, store commands, limits, settings. No metric carries an id, key or',
      'value.',
    ],
    table(heading, rows.filter(isOwn)),
    '## Process\n',
    table(
      heading,
      rows.filter((row) => !isOwn(row)),
    ),
  );
}

function errorsPage(): string {
  const meanings = reasonMeanings();
  const statuses: ReadonlyMap<string, status> = new Map(Object.entries(statusOf));
  const rows = Object.entries(errorFacts).map(([reason, fact]) => {
    const grpcStatus = statuses.get(reason);
    const meaning = 'meaning' in fact ? fact.meaning : (meanings.get(reason) ?? '');
    return [
      code(reason),
      grpcStatus === undefined ? '' : code(status[grpcStatus]),
      String(fact.status),
      meaning,
      fact.advice,
    ];
  });
  return page(
    'Errors',
    [
      'A failed RPC carries its reason in a `google.rpc.ErrorInfo` detail of domain `session.v1`. Match the reason, not the',
      'message. In the TypeScript client, it is the `code` of a `SessionError`; `status` is a suitable HTTP status for a web',
      'request that fails because of it. Codes without a gRPC status arise between the application and the sidecar.',
    ],
    table(['Reason', 'gRPC status', 'HTTP', 'When', 'What to do'], rows),
  );
}

/** The first paragraph of each value's comment in error_reason.proto. */
function reasonMeanings(): ReadonlyMap<string, string> {
  const files = fileDescriptors.map((file) => fromBinary(FileDescriptorProtoSchema, Buffer.from(file, 'base64')));
  const file = files.find(({ name }) => name === 'session/v1/error_reason.proto');
  // Field numbers of FileDescriptorProto.enum_type and EnumDescriptorProto.value.
  const commentOf = (index: number) =>
    file?.sourceCodeInfo?.location.find(({ path }) => path.join() === [5, 0, 2, index].join())?.leadingComments ?? '';
  const values = file?.enumType[0]?.value ?? [];
  return new Map(
    values.map(({ name }, index) => {
      const [paragraph = ''] = commentOf(index)
        .trim()
        .split(/\n\s*\n/);
      return [name.replace('ERROR_REASON_', ''), paragraph.replace(/\s+/g, ' ')];
    }),
  );
}
