// How the Go stubs are generated from proto/session.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/run.mjs';
import { goGenerators, goToolchain } from '../lib/toolchains.mjs';
import { unwrap } from './unwrap.mjs';

const go = 'proto/gen/go';

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
