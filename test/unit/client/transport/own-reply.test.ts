import { create, ScalarType, toBinary } from '@bufbuild/protobuf';
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { expect, test } from '@jest/globals';
import { EncodedValue } from '../../../../client/src/transport/encoded-value';
import { codecOf } from '../../../../client/src/transport/method-codec';
import type { MethodName } from '../../../../client/src/transport/transport';
import { unaryMethods } from '../../../fuzz/bytes/api';

/** A message in which every field of bytes is set, however deep. */
function full(type: DescMessage): Record<string, unknown> {
  return Object.fromEntries(
    type.fields.map((field) => [field.localName, valueOf(field)] as const).filter(([, value]) => value !== undefined),
  );
}

function valueOf(field: DescField): unknown {
  const one = (): unknown => {
    if (field.message !== undefined) return create(field.message, full(field.message));
    return 'scalar' in field && field.scalar === ScalarType.BYTES ? Buffer.from(`bytes of ${field.name}`) : undefined;
  };
  switch (field.fieldKind) {
    case 'list':
      return one() === undefined ? undefined : [one(), one()];
    case 'map':
      return { key: one() };
    default:
      return one();
  }
}
const count = (text: string) => text.split('bytes of ').length - 1;

/** Everything in a message as text. */
function shown(message: unknown): string {
  return JSON.stringify(message, (_name, value: unknown) => {
    if (value instanceof EncodedValue) return value.toString();
    if (value instanceof Map) return [...(value as Map<unknown, unknown>)];
    const { type, data } = (value ?? {}) as { type?: string; data?: number[] };
    return type === 'Buffer' ? Buffer.from(data!).toString() : value;
  });
}

test.each(unaryMethods)('a reply of $name shares no memory with the frame that it came in', ({ name, output }) => {
  const message = create(output, full(output));
  const frame = Buffer.concat([Buffer.alloc(20), toBinary(output, message), Buffer.alloc(20)]);
  const method = (name[0]!.toLowerCase() + name.slice(1)) as MethodName;
  const reply = codecOf(method).deserialize(frame.subarray(20, -20));
  const before = shown(reply);
  expect(count(before)).toBe(count(frame.toString('latin1')));
  frame.fill('x');
  expect(shown(reply)).toBe(before);
});
