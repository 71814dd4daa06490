import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

/** Moves what is in the folder `name` of a directory up into the directory. */
export function unwrap(directory, name) {
  for (const entry of readdirSync(join(directory, name))) {
    renameSync(join(directory, name, entry), join(directory, entry));
  }
}
