// How the TypeScript stubs and the descriptors are generated from proto/session/v1.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { root } from '../lib/run.mjs';

const bin = join(root, 'node_modules', '.bin');
const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
const buf = (...args) => execFileSync(join(bin, 'buf'), args, { cwd: root, env, maxBuffer: 1 << 26 });

const errorDetails = ['status', 'error_details'].map(
  (name) => `node_modules/google-proto-files/google/rpc/${name}.proto`,
);
const sources = ['proto/session', ...errorDetails].flatMap((path) => ['--path', path]);

/** What TypeScript uses: everything in proto/gen but what is generated for the other languages. */
export const typescriptStubs = {
  directory: 'proto/gen',
  except: ['go/', 'python/'],
  generate(out) {
    const template = readFileSync(join(root, 'buf.gen.yaml'), 'utf8').replace('out: proto/gen', `out: ${out}`);
    buf('generate', '--template', template, ...sources);
    writeFileSync(join(out, 'descriptors.ts'), descriptorsModule());
  },
};

function descriptorsModule() {
  const served = ['proto/session', 'node_modules/grpc-health-check/proto/health'].flatMap((path) => ['--path', path]);
  const set = buf('build', '--as-file-descriptor-set', ...served, '-o', '-#format=binpb');
  const files = fromBinary(FileDescriptorSetSchema, set).file.map((file) => toBinary(FileDescriptorProtoSchema, file));
  return [
    '// Generated from proto/session/v1. DO NOT EDIT.',
    '',
    '/** A FileDescriptorProto, in base64, for each file of session.v1, grpc.health.v1 and their imports, comments included. */',
    'export const fileDescriptors: readonly string[] = [',
    ...files.map((file) => `  '${Buffer.from(file).toString('base64')}',`),
    '];',
    '',
  ].join('\n');
}
