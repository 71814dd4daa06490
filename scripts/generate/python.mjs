// How the Python stubs are generated from proto/session.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/run.mjs';
import { pythonToolchain } from '../lib/toolchains.mjs';
import { unwrap } from './unwrap.mjs';

const pythonPackage = 'session_sidecar_proto';

/** Their paths in proto/. */
function protoFiles() {
  const names = readdirSync(join(root, 'proto/session'), { recursive: true });
  return names.filter((name) => name.endsWith('.proto')).map((name) => `session/${name}`);
}

/** The pyproject.toml beside the generated directory is written by hand. */
export function pythonStubs() {
  const toolchain = pythonToolchain();
  return {
    directory: `proto/gen/python/${pythonPackage}/session`,
    missing: toolchain.missing,
    generate(out) {
      const { command, env } = toolchain;
      const includes = ['proto', 'node_modules/google-proto-files'].map((path) => `-I${join(root, path)}`);
      const outputs = ['python', 'pyi', 'grpc_python'].map((kind) => `--${kind}_out=${out}`);
      const sources = protoFiles();
      execFileSync(command, ['-m', 'grpc_tools.protoc', ...includes, ...outputs, ...sources], { cwd: root, env });
      unwrap(out, 'session');
      for (const name of readdirSync(out, { recursive: true }).filter((file) => /\.pyi?$/.test(file))) {
        const path = join(out, name);
        // The generator imports by the path of the .proto file, as if no other module were named session.
        const text = readFileSync(path, 'utf8').replaceAll(
          /^from (?=session\.[\w.]+ import )/gm,
          `from ${pythonPackage}.`,
        );
        writeFileSync(path, text);
      }
    },
  };
}
