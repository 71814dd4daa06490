import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { expect, test } from '@jest/globals';
import { fileDescriptors } from '@session-sidecar/proto/descriptors';
import { errorFacts } from '../../client/src/errors/session-error';
import { statusOf } from '../../server/src/rpc/status';

const file = fileDescriptors
  .map((descriptor) => fromBinary(FileDescriptorProtoSchema, Buffer.from(descriptor, 'base64')))
  .find(({ name }) => name === 'session/v1/error_reason.proto');
const [, ...reasons] = (file?.enumType[0]?.value ?? []).map(({ name }) => name.replace('ERROR_REASON_', ''));

test('the API, the sidecar and the client list the same reasons', () => {
  expect(reasons).toEqual(Object.keys(statusOf));
  expect(Object.keys(errorFacts).slice(0, reasons.length)).toEqual(reasons);
});

test.each(reasons)('the comment of %s shows its ErrorInfo', (reason) => {
  const comments = (file?.sourceCodeInfo?.location ?? []).map(({ leadingComments }) => leadingComments);
  expect(comments.some((comment) => comment.includes(`{ "reason": "${reason}", "domain": "session.v1",`))).toBe(true);
});
