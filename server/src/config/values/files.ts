import { dataRule } from '../../data-schema/data-schema';
import type { DataRule } from '../../session/data-rule';
import { ValueError } from './value-kind';
import type { ReadFile, ValueKind } from './value-kind';

/** The content of a file, given its path. */
export const pemFile: ValueKind<Buffer> = {
  name: 'path of a PEM file',
  parse(path, readFile) {
    const content = contentOf(path, readFile);
    if (!content.includes('-----BEGIN ')) throw new ValueError('the path of a file in PEM');
    return content;
  },
};

/** The rule of a JSON Schema, given the path of its file. */
export const dataSchemaFile: ValueKind<DataRule> = {
  name: 'path of a JSON file',
  parse(path, readFile) {
    const content = contentOf(path, readFile);
    try {
      return dataRule(content.toString());
    } catch (error) {
      throw new ValueError(`the path of a file with a JSON Schema (${(error as Error).message})`);
    }
  },
};

/** The kinds of settings whose values are the contents of files. */
export const fileKinds: ReadonlySet<unknown> = new Set([pemFile, dataSchemaFile]);

/** The same value, given the path of a file that holds its text. Trailing line breaks are ignored. */
export function inFile<T>(kind: ValueKind<T>): ValueKind<T> {
  return {
    name: `path of a file with ${kind.name}`,
    parse(path, readFile) {
      const text = contentOf(path, readFile)
        .toString()
        .replace(/[\r\n]+$/, '');
      // A secret that was not mounted can leave an empty file.
      if (text === '') throw new ValueError('the path of a file that is not empty');
      return kind.parse(text, readFile);
    },
  };
}

/** The path is not repeated: it may be the secret itself, in the wrong variable. */
function contentOf(path: string, readFile: ReadFile): Buffer {
  try {
    return readFile(path);
  } catch (error) {
    throw new ValueError(`the path of a readable file (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`);
  }
}
