// npm run example:<name>: an app of examples/ together with a sidecar, until Ctrl-C. PORT says where, by default 3000.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installPackages } from './lib/packages.mjs';
import { ProcessGroup } from './lib/process-group.mjs';
import { runExample } from './lib/run-example.mjs';
import { root, run } from './lib/run.mjs';

const [name = ''] = process.argv.slice(2);
const directory = join(root, 'examples', name);
if (!/^[\w-]+$/.test(name) || !existsSync(join(directory, 'package.json'))) {
  throw new Error(`Expected the name of a directory in examples/, got \`${name}\``);
}
installPackages();
run('npm', ['run', '--silent', 'build']);

const { url, serving } = await runExample(new ProcessGroup(), directory);
console.log(`
${name} example: ${url}
  sessions in ${serving.store === 'redis' ? 'Redis' : 'memory (set REDIS_URL to keep them in Redis)'}, metrics at ${serving.http}/metrics

Stop it with Ctrl-C.`);
