import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawPicture } from './plot';
import { markdownResults } from './report';
import type { Report } from './report';

/**
 * Writes figures and picture and, after a full run, the page. Files of a partial run are called `partial-…`, which git ignores, so
 * that all rows of a page come from one run.
 *
 * @param fullName the name of a full run's files: `latest` on the Node.js release of the image, otherwise such as `node-26`
 * @returns the path of the files, without extension
 */
export function writeResults(report: Report, directory: string, fullName: string): string {
  const name = join(directory, report.full ? fullName : `partial-${fullName}`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${name}.json`, `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(`${name}.svg`, drawPicture(report));
  if (report.full) writeFileSync(`${name}.md`, markdownResults(report, `${fullName}.svg`));
  return name;
}
