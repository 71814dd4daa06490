import type { Content } from './content';
import type { FieldViolation } from './violations';

/** What the data of sessions must be. */
export interface DataRule {
  /** @returns what is wrong with the data, by JSON Pointer, without values; empty: nothing */
  violationsOf(data: Content['data']): readonly FieldViolation[];
}

/** Checks the data of sessions before it is stored, with a rule that can be replaced. */
export class DataCheck {
  #rule: DataRule | undefined;

  /** @param rule `undefined`: data may be anything */
  constructor(rule?: DataRule) {
    this.#rule = rule;
  }

  replace(rule: DataRule | undefined): void {
    this.#rule = rule;
  }

  get isOn(): boolean {
    return this.#rule !== undefined;
  }

  /**
   * What is wrong with data, other than what was wrong with it before: data that was stored under another rule can be changed, and
   * repaired step by step.
   *
   * @param before `undefined`: of a new session
   */
  added(before: Content['data'] | undefined, after: Content['data']): readonly FieldViolation[] {
    const violations = this.#rule?.violationsOf(after) ?? [];
    if (violations.length === 0 || before === undefined) return violations;
    const known = new Set(this.#rule?.violationsOf(before).map(textOf));
    return violations.filter((violation) => !known.has(textOf(violation)));
  }
}

function textOf({ field, description }: FieldViolation): string {
  return `${field} ${description}`;
}
