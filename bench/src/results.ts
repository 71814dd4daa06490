import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawPicture } from './plot';
import { markdownResults } from './report';
import type { Report } from './report';

const begin = '<!-- results: written by `npm run bench` -->';
const end = '<!-- end of results -->';

/**
 * Writes figures and picture. Only a full run becomes `latest` and the page's results, so that these never come from
 * different runs; others become `partial`, which git ignores.
 *
 * @returns the name of the files, without extension
 */
export function writeResults(report: Report, benchDirectory: string): string {
  const directory = join(benchDirectory, 'results');
  const name = join(directory, report.full ? 'latest' : 'partial');
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${name}.json`, `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(`${name}.svg`, drawPicture(report));
  if (report.full) {
    const page = join(benchDirectory, 'README.md');
    writeFileSync(page, withResults(readFileSync(page, 'utf8'), markdownResults(report)));
  }
  return name;
}

/** The page with what is between the two markers replaced. */
export function withResults(page: string, results: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from === -1 || to < from) throw new Error(`The page needs the lines ${begin} and ${end}.`);
  return `${page.slice(0, from + begin.length)}\n\n${results}\n\n${page.slice(to)}`;
}
