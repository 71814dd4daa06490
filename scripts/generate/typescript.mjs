// How the TypeScript stubs and the descriptors are generated from proto/session.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
    readInPlace(out);
    writeFileSync(join(out, 'descriptors.ts'), descriptorsModule());
  },
};

/** Takes detours out of what ts-proto has made, which every message that is read would take. */
function readInPlace(out) {
  for (const name of readdirSync(out, { recursive: true }).filter((file) => file.endsWith('.ts'))) {
    const path = join(out, name);
    const source = readFileSync(path, 'utf8');
    // A bigint becomes a number without a text in between.
    let changed = source.replaceAll('globalThis.Number(int64.toString())', 'globalThis.Number(int64)');
    // ts-proto copies all bytes out of a message, and those of a pipelined call are in two messages, one inside the other.
    if (dirname(name) === join('session', 'v1'))
      changed = changed.replaceAll('Buffer.from(reader.bytes())', 'viewOf(reader.bytes())');
    if (changed.includes('viewOf(')) changed += viewOf;
    if (changed !== source) writeFileSync(path, changed);
  }
}

const viewOf = `
/** The same bytes in the same memory: a Buffer keeps the message alive that it was read from. */
function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
`;

function descriptorsModule() {
  return [
    '// Generated from proto/session. DO NOT EDIT.',
    '',
    '/** A FileDescriptorProto, in base64, for each file of session.v1, grpc.health.v1 and their imports, comments included. */',
    'export const fileDescriptors: readonly string[] = [',
    ...descriptorLines('proto/session/v1', 'node_modules/grpc-health-check/proto/health'),
    '];',
    '',
    '/** The same for session.admin.v1, which is served elsewhere, so that server reflection must not list it. */',
    'export const adminFileDescriptors: readonly string[] = [',
    ...descriptorLines('proto/session/admin/v1'),
    '];',
    '',
  ].join('\n');
}

/** The elements of a list of descriptors, those of imports included. */
function descriptorLines(...paths) {
  const sources = paths.flatMap((path) => ['--path', path]);
  const set = buf('build', '--as-file-descriptor-set', ...sources, '-o', '-#format=binpb');
  const files = fromBinary(FileDescriptorSetSchema, set).file.map((file) => toBinary(FileDescriptorProtoSchema, file));
  return files.map((file) => `  '${Buffer.from(file).toString('base64')}',`);
}
