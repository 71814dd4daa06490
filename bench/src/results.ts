import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawPicture } from './plot';
import { markdownResults } from './report';
import type { Report } from './report';

/**
 * Writes figures, picture and page. The results of other than full runs are `partial-…`, which git ignores, so that the rows of a
 * page never come from different runs.
 *
 * @param fullName of a full run: `latest` on the Node.js release of the image, otherwise `node-26`
 * @returns the name of the files, without extension
 */
export function writeResults(report: Report, directory: string, fullName: string): string {
  const name = join(directory, report.full ? fullName : `partial-${fullName}`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${name}.json`, `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(`${name}.svg`, drawPicture(report));
  if (report.full) writeFileSync(`${name}.md`, markdownResults(report, `${fullName}.svg`));
  return name;
}
