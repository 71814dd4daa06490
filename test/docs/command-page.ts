import { delimiter } from 'node:path';
import { outcomeOf } from '../support/commands';
import { blocksOf } from './markdown';

/** Every `sh` block of a page, and what it prints: the `text` or `json` block that follows. */
export function commandsOf(page: string) {
  const blocks = blocksOf(page);
  return blocks.flatMap(({ language, text }, index) => {
    const next = blocks[index + 1];
    const output = next?.language === 'text' || next?.language === 'json' ? next.text : undefined;
    return language === 'sh' ? [{ text, output }] : [];
  });
}

/** @param directory that has the program as `session-sidecar` */
export function runBlock(text: string, directory: string, env: Readonly<Record<string, string>>) {
  return outcomeOf('bash', ['--norc', '-c', text], {
    cwd: directory,
    env: { PATH: [directory, process.env['PATH']].join(delimiter), ...env },
  });
}

/** Without what differs from run to run: numbers, ids, times, units, the width of columns, and the rows of histograms. */
export function shapeOf(output: string): string {
  return output
    .replaceAll(/^ *[\d.]+ m?s .*■?.*\n/gm, '')
    .replaceAll(/up [^·]+ ·/g, 'up ·')
    .replaceAll(/[\w-]{22,}=?/g, '<id>')
    .replaceAll(/\b\d[\d.,:TZ-]*\b/g, '0')
    .replaceAll(/\b0 (ms|s|B|KiB|MiB)\b/g, '0')
    .replaceAll(/\b(ahead of|behind)\b/g, 'beside')
    .replaceAll(/ +/g, ' ')
    .trim();
}
