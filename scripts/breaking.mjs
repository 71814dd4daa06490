// Checks that the API is still compatible with each released one, whose descriptors are kept in proto/released.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './lib/run.mjs';

const released = join(root, 'proto', 'released');
for (const file of readdirSync(released)) {
  run(join(root, 'node_modules', '.bin', 'buf'), [
    'breaking',
    'proto',
    '--against',
    join(released, file),
    '--config',
    'buf.yaml',
  ]);
  console.log(`session.v1 is compatible with that of ${file.replace('.binpb', '')}.`);
}
