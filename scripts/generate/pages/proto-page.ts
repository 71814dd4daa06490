import { create, createFileRegistry, fromBinary, ScalarType } from '@bufbuild/protobuf';
import type { DescEnum, DescField, DescFile, DescMessage, DescService } from '@bufbuild/protobuf';
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  MethodOptions_IdempotencyLevel,
} from '@bufbuild/protobuf/wkt';
import { adminFileDescriptors, fileDescriptors } from '@session-sidecar/proto/descriptors';
import { code, page, table } from './markdown';

/** docs/reference/proto.md: services, messages and enums of the API, with the comments of the .proto files. */
export function protoPage(): string {
  return apiPage('session.v1', fileDescriptors, [
    'What the sidecar serves over gRPC, from the comments in [`proto/session/v1`](../../proto/session/v1).',
    '[Errors](errors.md) says what to do about each reason.',
  ]);
}

/** docs/reference/admin-proto.md: the same for the administration service. */
export function adminProtoPage(): string {
  return apiPage('session.admin.v1', adminFileDescriptors, [
    'What the sidecar serves to operators, from the comments in [`proto/session/admin/v1`](../../proto/session/admin/v1).',
    '[Administration](../operate/administration.md) says how to use it.',
  ]);
}

function apiPage(api: string, descriptors: readonly string[], introduction: string[]): string {
  const file = descriptors.map((one) => fromBinary(FileDescriptorProtoSchema, Buffer.from(one, 'base64')));
  const { files } = createFileRegistry(create(FileDescriptorSetSchema, { file }));
  const ours = [...files].filter(({ proto }) => proto.package === api);
  // The numbers are those of the fields of FileDescriptorProto, with which the paths of comments begin.
  return page(
    `API: ${code(api)}`,
    introduction,
    ...ours.flatMap((one) => one.services.map((service, at) => serviceSection(service, commentsIn(one, 6, at)))),
    '## Messages\n',
    ...ours.flatMap((one) => one.messages.map((message, at) => messageSection(message, commentsIn(one, 4, at)))),
    '## Enums\n',
    ...ours.flatMap((one) => one.enums.map((type, at) => enumSection(type, commentsIn(one, 5, at)))),
  );
}

/** Gives the comment of a member of a declaration; without a path, that of the declaration itself. */
type Comments = (...path: readonly number[]) => string;

function commentsIn(file: DescFile, ...declaration: readonly number[]): Comments {
  const locations = file.proto.sourceCodeInfo?.location ?? [];
  const comments = new Map(locations.map(({ path, leadingComments }) => [path.join(), leadingComments]));
  return (...path) => (comments.get([...declaration, ...path].join()) ?? '').replaceAll(/^ /gm, '').trim();
}

function serviceSection({ name, methods }: DescService, comments: Comments): string {
  const rpcs = methods.map((method, at) => {
    const { methodKind: kind, input, output } = method;
    const request = kind === 'unary' || kind === 'server_streaming' ? input.name : `stream ${input.name}`;
    const response = kind === 'unary' || kind === 'client_streaming' ? output.name : `stream ${output.name}`;
    const isIdempotent = method.idempotency === MethodOptions_IdempotencyLevel.IDEMPOTENT;
    return paragraphs(
      // A message may have the name of an RPC, and links lead to messages.
      `### RPC ${method.name}`,
      code(`rpc ${method.name}(${request}) returns (${response})`),
      `Request: ${linkTo(input)}. Response: ${linkTo(output)}.${isIdempotent ? ' Idempotent.' : ''}`,
      comments(2, at),
    );
  });
  return [paragraphs(`## ${name}`, comments()), ...rpcs].join('').trimEnd().concat('\n');
}

function messageSection({ name, fields }: DescMessage, comments: Comments): string {
  const rows = fields.map((field, at) => [code(field.name), typeOf(field), inCell(comments(2, at))]);
  const list = rows.length === 0 ? 'It has no fields.\n' : table(['Field', 'Type', 'Meaning'], rows);
  return `${paragraphs(`### ${name}`, comments())}${list}`;
}

function enumSection({ name, values }: DescEnum, comments: Comments): string {
  const rows = values.map((value, at) => [code(value.name), String(value.number), inCell(comments(2, at))]);
  return `${paragraphs(`### ${name}`, comments())}${table(['Value', 'Number', 'Meaning'], rows)}`;
}

function typeOf(field: DescField): string {
  const presence = field.proto.proto3Optional ? 'optional ' : '';
  const group = field.oneof === undefined ? '' : `, one of ${code(field.oneof.name)}`;
  switch (field.fieldKind) {
    case 'list':
      return `repeated ${elementOf(field)}`;
    case 'map':
      return `map of ${scalar(field.mapKey)} to ${field.mapKind === 'scalar' ? scalar(field.scalar) : elementOf(field)}`;
    default:
      return presence + elementOf(field) + group;
  }
}

function elementOf(field: DescField): string {
  if (field.message) return linkTo(field.message);
  if (field.enum) return linkTo(field.enum);
  return scalar(field.scalar);
}

function scalar(type: ScalarType): string {
  return code(ScalarType[type].toLowerCase());
}

/** Other packages have their own documentation. */
function linkTo({ name, typeName, file }: DescMessage | DescEnum): string {
  return file.proto.package.startsWith('session.') ? `[${code(name)}](#${name.toLowerCase()})` : code(typeName);
}

function paragraphs(...texts: readonly string[]): string {
  return texts.map((text) => `${text}\n\n`).join('');
}

/** A cell has one line, and no code block: samples of JSON are left to the .proto files. */
function inCell(comment: string): string {
  return comment
    .split(/\n\s*\n/)
    .filter((paragraph) => !paragraph.startsWith('    '))
    .map((paragraph) => paragraph.replaceAll(/\s+/g, ' '))
    .join('<br><br>');
}
