import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawPicture } from './plot';
import { markdownResults } from './report';
import type { Report } from './report';

/**
 * Writes figures, picture and page. Only a full run becomes `latest`, so that these never come from different runs; others become
 * `partial`, which git ignores.
 *
 * @returns the name of the files, without extension
 */
export function writeResults(report: Report, benchDirectory: string): string {
  const directory = join(benchDirectory, 'results');
  const name = join(directory, report.full ? 'latest' : 'partial');
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${name}.json`, `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(`${name}.svg`, drawPicture(report));
  if (report.full) writeFileSync(`${name}.md`, markdownResults(report));
  return name;
}
