import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { shownPictures } from '../browser/pictures';
import { outputOf } from '../support/commands';
import { root } from './markdown';

const folder = 'docs/images';

/** The paths of the pictures in a document's `<picture>` elements. */
function picturesIn(document: string): string[] {
  const text = readFileSync(join(root, document), 'utf8');
  return [...text.matchAll(/<(?:source|img)\b[^>]*\bsrc(?:set)?="([^"]+)"/g)].map(([, path = '']) =>
    join(dirname(document), path),
  );
}

const documents = outputOf('git', ['ls-files', '--', '*.md'], { cwd: root })
  .trim()
  .split('\n')
  .filter((document) => existsSync(join(root, document)));
const linked = new Set(documents.flatMap(picturesIn));

describe('the pictures', () => {
  test('are those that tests make and that documents show', () => {
    const paths = shownPictures.map((name) => join(folder, name)).sort();
    expect([...linked].sort()).toEqual(paths);
    expect(readdirSync(join(root, folder)).sort()).toEqual([...shownPictures].sort());
  });

  test.each(shownPictures)('%s is a PNG of less than 150 KB', (name) => {
    const path = join(root, folder, name);
    expect(readFileSync(path).subarray(1, 4).toString()).toBe('PNG');
    expect(statSync(path).size).toBeLessThan(150_000);
  });

  test('have a text for those who do not see them', () => {
    for (const document of documents) {
      for (const [image] of readFileSync(join(root, document), 'utf8').matchAll(/<img\b[^>]*>/g)) {
        expect(image).toMatch(/ alt="[^"]{20,}"/);
      }
    }
  });
});
