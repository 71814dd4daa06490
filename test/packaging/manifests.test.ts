import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const root = join(__dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('.nvmrc', () => {
  test('names the Node.js release that the image runs', () => {
    const bases = [...read('Dockerfile').matchAll(/^ARG \w+_IMAGE=\D+(\d+)/gm)].map(([, major]) => major);
    expect(new Set(bases)).toEqual(new Set([read('.nvmrc').trim()]));
  });
});
