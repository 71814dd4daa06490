/** A problem of a value: what was expected and, unless it may be a secret, what it was. */
export class ValueError extends Error {
  constructor(
    readonly expected: string,
    readonly got?: string,
  ) {
    super(got === undefined ? `Expected ${expected}.` : `Expected ${expected}, got \`${got}\`.`);
  }
}

/** @throws Error when there is no such file. */
export type ReadFile = (path: string) => Buffer;

/** Turns a setting's text into its value. */
export interface ValueKind<T> {
  /** Its name in the documentation. */
  readonly name: string;
  /** @throws ValueError */
  parse(text: string, readFile: ReadFile): T;
}
