// How the stubs for Go and Python are generated from proto/session/v1.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './install.mjs';
import { goGenerators, goToolchain, pythonToolchain } from './toolchains.mjs';

const go = 'proto/gen/go';
const pythonPackage = 'session_sidecar_proto';

/** The go.mod beside the generated directory is written by hand. */
export function goStubs() {
  const toolchain = goToolchain();
  return {
    directory: `${go}/session`,
    missing: toolchain.missing,
    generate(out) {
      const buf = join(root, 'node_modules', '.bin', 'buf');
      const template = readFileSync(join(root, 'buf.gen.go.yaml'), 'utf8').replaceAll(`out: ${go}`, `out: ${out}`);
      execFileSync(buf, ['generate', '--template', template, '--path', 'proto/session'], {
        cwd: root,
        env: goGenerators(toolchain),
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      unwrap(out, 'session');
    },
  };
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
      const sources = readdirSync(join(root, 'proto/session/v1')).map((name) => `session/v1/${name}`);
      execFileSync(command, ['-m', 'grpc_tools.protoc', ...includes, ...outputs, ...sources], { cwd: root, env });
      unwrap(out, 'session');
      for (const name of readdirSync(join(out, 'v1'))) {
        const path = join(out, 'v1', name);
        // The generator imports by the path of the .proto file, as if nobody else had a module named session.
        const text = readFileSync(path, 'utf8').replaceAll(
          /^from session\.v1 import /gm,
          `from ${pythonPackage}.session.v1 import `,
        );
        writeFileSync(path, text);
      }
    },
  };
}

/** Moves what is in the folder `name` of a directory up into the directory. */
function unwrap(directory, name) {
  for (const entry of readdirSync(join(directory, name))) {
    renameSync(join(directory, name, entry), join(directory, entry));
  }
}
