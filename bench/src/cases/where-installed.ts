import { findLoadProgram } from '../languages';
import type { Language } from '../languages';
import type { Case } from './case';

/** Leaves out the rows of a language that is not installed, with a notice. Quick runs leave them out in any case. */
export function whereInstalled(language: Language, inner: Case): Case {
  return {
    ...inner,
    isLong: true,
    run(bench) {
      const program = findLoadProgram(language);
      if (!('missing' in program)) return inner.run(bench);
      console.error(`Skipped, because ${program.missing} is missing: ${inner.rows.join(' ')}`);
      return Promise.resolve([]);
    },
  };
}
