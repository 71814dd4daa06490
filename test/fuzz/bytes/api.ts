import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import type { DescMessage } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { create } from '@bufbuild/protobuf';
import { fileDescriptors } from '@session-sidecar/proto/descriptors';

const registry = createFileRegistry(
  create(FileDescriptorSetSchema, {
    file: fileDescriptors.map((file) => fromBinary(FileDescriptorProtoSchema, Buffer.from(file, 'base64'))),
  }),
);

export interface Method {
  readonly name: string;
  readonly input: DescMessage;
  readonly output: DescMessage;
}

/** Every RPC with one request and one response. */
export const unaryMethods: readonly Method[] = registry
  .getService('session.v1.SessionService')!
  .methods.filter(({ methodKind }) => methodKind === 'unary');

export function messageType(name: string): DescMessage {
  const type = registry.getMessage(name);
  if (type === undefined) throw new Error(`There is no message ${name}.`);
  return type;
}
