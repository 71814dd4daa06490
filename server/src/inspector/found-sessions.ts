/** What is shown of a session of a subject: nothing that gives access to it, and none of its data. */
export interface FoundSession {
  readonly handle: string;
  readonly label: string | null;
  /** Times in ISO 8601; `expires: null`: never. */
  readonly created: string;
  readonly accessed: string;
  readonly expires: string | null;
  readonly version: number;
}

export interface FoundSessions {
  readonly subject: string;
  /** Those that were used last come first. */
  readonly sessions: readonly FoundSession[];
  /** Whether there are more. */
  readonly hasMore: boolean;
}

/** Why nothing was found. */
export interface SearchProblem {
  /** Of HTTP. */
  readonly status: 400 | 503;
  readonly message: string;
}

export type SearchSubject = (subject: string) => Promise<FoundSessions | SearchProblem>;
