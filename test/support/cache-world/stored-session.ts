/** One state of the only session. Each change sets one of the values to a number that was never used before. */
export interface State {
  /** Grows with every state that Redis holds. */
  readonly order: number;
  readonly token: string;
  readonly version: number;
  /** Set by the client under test. */
  readonly mine: number;
  /** Set by other clients. */
  readonly others: number;
  readonly accessed: number;
}

export const touchIntervalMs = 3000;
export const handle = 'h'.repeat(22);

function tokenOf(number: number): string {
  return `${handle.slice(0, 21)}${String(number).padStart(47, '0')}`;
}

/** The only session: what Redis holds, and what it held before. */
export class StoredSession {
  /** `undefined` after a logout. */
  #state: State | undefined = {
    order: 0,
    token: tokenOf(0),
    version: 1,
    mine: 0,
    others: 0,
    accessed: performance.now(),
  };
  /** Earlier states, each with the time at which it was replaced. */
  readonly #past: { readonly state: State | undefined; readonly until: number }[] = [];
  #lastOrder = 0;
  #lastValue = 0;
  #lastToken = 0;

  get state(): State | undefined {
    return this.#state;
  }

  get token(): string {
    return tokenOf(this.#lastToken);
  }

  /** A number that was never used before. */
  newValue(): number {
    this.#lastValue += 1;
    return this.#lastValue;
  }

  newToken(): string {
    this.#lastToken += 1;
    return this.token;
  }

  become(state: Omit<State, 'order'> | undefined): void {
    this.#past.push({ state: this.#state, until: performance.now() });
    this.#lastOrder += 1;
    this.#state = state && { ...state, order: this.#lastOrder };
  }

  /** How much longer reads need not be recorded. */
  get liveMs(): number {
    return this.#state === undefined ? 0 : Math.max(0, this.#state.accessed + touchIntervalMs - performance.now());
  }

  /** The version of the last state in which the session existed. */
  get lastVersion(): number {
    return this.#past.findLast(({ state }) => state !== undefined)?.state?.version ?? 0;
  }

  /** Loses its last changes, unless that would bring back an old token. */
  goBack(changes: number): void {
    const before = this.#past.filter(({ state }) => state !== undefined).at(-changes);
    if (before === undefined || before.state?.token !== this.token) return;
    this.become(before.state);
  }

  /** Its states within the last `ms`. */
  statesWithin(ms: number): (State | undefined)[] {
    const since = performance.now() - ms;
    return [this.#state, ...this.#past.filter(({ until }) => until > since).map(({ state }) => state)];
  }
}
