import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'protobufjs';
import { until } from './poll';

export interface ExportedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first span of a trace. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: string;
  /** UNSET, OK or ERROR. */
  readonly status: string;
  readonly attributes: Attributes;
  /** The attributes of the service. */
  readonly resource: Attributes;
}

type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface Export {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An OpenTelemetry collector that accepts spans over OTLP/HTTP. */
export interface Collector {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly exports: readonly Export[];
  readonly spans: readonly ExportedSpan[];
  /** Waits until at least `count` spans of a trace have arrived. */
  spansOf(traceId: string, count: number): Promise<readonly ExportedSpan[]>;
  /** For a collector that was started with `holds`: answers all exports so far, and later ones at once. */
  answer(): void;
  close(): Promise<void>;
}

/** @param holds whether exports stay unanswered until {@link Collector.answer} is called */
export async function startCollector({ holds = false } = {}): Promise<Collector> {
  let held: (() => void)[] | undefined = holds ? [] : undefined;
  const exports: Export[] = [];
  const spans: ExportedSpan[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { url = '', headers } = request;
      const sent = Buffer.concat(chunks);
      const body = headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
      exports.push({ url, headers, body });
      spans.push(...decode(body));
      const answer = () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
      if (held === undefined) answer();
      else held.push(answer);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exports,
    spans,
    spansOf: (traceId, count) =>
      until(`${count} spans of trace ${traceId}`, () => {
        const found = spans.filter((span) => span.traceId === traceId);
        return found.length >= count && found;
      }),
    answer: () => {
      for (const answer of held ?? []) answer();
      held = undefined;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface KeyValue {
  readonly key: string;
  readonly value: Attributes;
}

interface DecodedSpan extends Pick<ExportedSpan, 'name' | 'kind'> {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly parentSpanId?: Buffer;
  readonly traceState?: string;
  readonly attributes?: readonly KeyValue[];
  readonly status?: { readonly code?: string };
}

interface Decoded {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes?: readonly KeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly DecodedSpan[] }[];
  }[];
}

const { root } = parse(readFileSync(join(__dirname, 'otlp.proto'), 'utf8'));
const request = root.lookupType('opentelemetry.ExportTraceServiceRequest');

function decode(body: Buffer): ExportedSpan[] {
  const { resourceSpans } = request.toObject(request.decode(body), { enums: String, bytes: Buffer }) as Decoded;
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans
      .flatMap(({ spans }) => spans)
      .map(({ traceId, spanId, parentSpanId, traceState = '', name, kind, status, attributes }) => ({
        traceId: hex(traceId),
        spanId: hex(spanId),
        parentSpanId: hex(parentSpanId),
        traceState,
        name,
        kind,
        status: status?.code ?? 'UNSET',
        attributes: valuesOf(attributes),
        resource: valuesOf(resource.attributes),
      })),
  );
}

function hex(id: Buffer | undefined): string {
  return id?.toString('hex') ?? '';
}

function valuesOf(attributes: readonly KeyValue[] = []): Attributes {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0] ?? '']));
}
