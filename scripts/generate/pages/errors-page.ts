import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { fileDescriptors } from '@session-sidecar/proto/descriptors';
import { errorFacts } from '../../../client/src/errors/session-error';
import { statusOf } from '../../../server/src/rpc/status';
import { code, page, table } from './markdown';

/** docs/reference/errors.md, from the comments of ErrorReason and the tables of sidecar and client. */
export function errorsPage(): string {
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
