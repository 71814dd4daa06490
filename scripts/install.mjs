// Installs the npm packages, unless they are installed already, and with --redis a redis-server, too.
import { installPackages } from './lib/packages.mjs';
import { requireRedis } from './lib/tools.mjs';

installPackages();
if (process.argv.includes('--redis')) requireRedis();
