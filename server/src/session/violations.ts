/** A problem of one request field: what was received and what is allowed, never the value of a key or token. */
export interface FieldViolation {
  /** The field's path in the request, for example `mutations[2].set.key`. */
  readonly field: string;
  readonly description: string;
}

/** An error names this many fields, and the number of the others in one more entry. */
const maxNamed = 8;

/** Maximum length of a path and of a description: an error has to fit into the trailers of a call. */
const maxCharacters = { field: 100, description: 240 } as const;

/** Collects violations, however many there are, in a list of at most {@link maxNamed} and one. */
export class Violations {
  readonly #named: FieldViolation[] = [];
  #leftOut = 0;

  add(...violations: readonly FieldViolation[]): void {
    for (const violation of violations) {
      if (this.#named.length < maxNamed) this.#named.push(shortened(violation));
      else this.#leftOut += 1;
    }
  }

  toList(): FieldViolation[] {
    if (this.#leftOut === 0) return this.#named;
    const fields = this.#leftOut === 1 ? '1 more field is' : `${this.#leftOut} more fields are`;
    return [...this.#named, { field: '', description: `${fields} wrong.` }];
  }
}

/** A list as {@link Violations} makes it; a short one is unchanged. */
export function boundViolations(violations: readonly FieldViolation[]): FieldViolation[] {
  if (violations.length <= maxNamed + 1) return violations.map(shortened);
  const bounded = new Violations();
  for (const violation of violations) bounded.add(violation);
  return bounded.toList();
}

function shortened({ field, description }: FieldViolation): FieldViolation {
  return { field: cut(field, maxCharacters.field), description: cut(description, maxCharacters.description) };
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
