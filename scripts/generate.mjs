// Generates proto/gen from proto/session/v1. With --check, changes nothing and fails when proto/gen is out of date.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
const buf = (...args) => execFileSync(join(bin, 'buf'), args, { cwd: root, env, maxBuffer: 1 << 26 });

const errorDetails = ['status', 'error_details'].map((name) => `node_modules/google-proto-files/google/rpc/${name}.proto`);
const sources = ['proto/session', ...errorDetails].flatMap((path) => ['--path', path]);

/** Writes everything that is generated into `directory`, which ends up holding nothing else. */
function generate(directory) {
  rmSync(directory, { recursive: true, force: true });
  const template = readFileSync(join(root, 'buf.gen.yaml'), 'utf8').replace('out: proto/gen', `out: ${directory}`);
  buf('generate', '--template', `${template.replace('clean: true\n', '')}`, ...sources);
  const descriptors = buf('build', '--as-file-descriptor-set', '--path', 'proto/session', '-o', '-#format=binpb').toString('base64');
  writeFileSync(
    join(directory, 'descriptors.ts'),
    [
      '// Generated from proto/session/v1. DO NOT EDIT.',
      '',
      '/** The FileDescriptorSet of session.v1 with its imports and comments, in base64: what server reflection serves. */',
      `export const fileDescriptorSet =\n  '${descriptors}';`,
      '',
    ].join('\n'),
  );
}

function filesBelow(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}

const committed = join(root, 'proto', 'gen');
const fresh = mkdtempSync(join(tmpdir(), 'session-sidecar-generate-'));
try {
  generate(fresh);
  if (process.argv.includes('--check')) {
    const names = [...new Set([...filesBelow(fresh), ...filesBelow(committed)])];
    const read = (directory, name) => {
      try {
        return readFileSync(join(directory, name), 'utf8');
      } catch {
        return undefined;
      }
    };
    const stale = names.filter((name) => read(fresh, name) !== read(committed, name));
    if (stale.length > 0) {
      console.error(`proto/gen differs from what its generator makes: ${stale.join(', ')}. Run: npm run generate`);
      process.exitCode = 1;
    } else {
      console.log(`proto/gen is what its generator makes (${names.length} files).`);
    }
  } else {
    rmSync(committed, { recursive: true, force: true });
    cpSync(fresh, committed, { recursive: true });
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
