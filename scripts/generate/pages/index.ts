import { readFileSync } from 'node:fs';
import { commandsPage } from './commands-page';
import { configurationPage } from './configuration-page';
import { errorsPage } from './errors-page';
import { hopTable } from './hop-table';
import { metricsPage } from './metrics-page';
import { performanceTable, withPerformance } from './performance-table';
import { adminProtoPage, protoPage } from './proto-page';
import { sizingPage } from './sizing-page';

/** The pages of docs/ that are generated from the code, by file name. */
export async function pages(): Promise<Readonly<Record<string, string>>> {
  return {
    'reference/admin-proto.md': adminProtoPage(),
    'reference/commands.md': commandsPage(),
    'reference/configuration.md': configurationPage(),
    'reference/errors.md': errorsPage(),
    'reference/metrics.md': await metricsPage(),
    'reference/proto.md': protoPage(),
    'operate/sizing.md': sizingPage(),
    'guide/choosing.md': withPerformance(readFileSync('docs/guide/choosing.md', 'utf8'), hopTable()),
    '../README.md': withPerformance(readFileSync('README.md', 'utf8'), performanceTable()),
  };
}
