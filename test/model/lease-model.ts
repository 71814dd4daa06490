/** What leases and replaced tokens do, as simply as it can be said. Shares no code with the product. */
export class LeaseModel {
  now = 0;
  /** The value of the session's only key: the number of the last save; 0: none. */
  value = 0;
  version = 1;
  hasEnded = false;
  /** The number of the present token. Tokens have numbers in the order in which they were issued. */
  token = 0;
  tokens = 1;
  /** The token that was replaced last, if it was with a grace. */
  previous: { readonly token: number; readonly ends: number } | undefined;
  lease: { readonly number: number; readonly holder: string; readonly ends: number } | undefined;
  /** How many leases there were. */
  leases = 0;
  /** How often a replaced token was used after its grace. */
  replacedUses = 0;

  /** Whether a token finds the session. Counts the use of a replaced one. */
  finds(token: number): boolean {
    if (this.hasEnded) return false;
    if (token === this.token) return true;
    if (token !== this.previous?.token) return false;
    if (this.now < this.previous.ends) return true;
    this.replacedUses += 1;
    return false;
  }

  get presentLease() {
    return this.lease !== undefined && this.now < this.lease.ends ? this.lease : undefined;
  }

  /** All moments at which time alone changes something. */
  get ends(): number[] {
    return [this.previous?.ends, this.lease?.ends].filter((end) => end !== undefined);
  }

  acquire(holder: string, duration: number): 'held' | 'again' | 'new' {
    const present = this.presentLease;
    if (present !== undefined) return present.holder === holder ? 'again' : 'held';
    this.leases += 1;
    this.lease = { number: this.leases, holder, ends: this.now + duration };
    return 'new';
  }

  /** @param lease the number of the one whose fence it carries; `undefined`: none */
  save(value: number, lease: number | undefined): boolean {
    if (lease !== undefined && this.presentLease?.number !== lease) return false;
    this.value = value;
    this.version += 1;
    return true;
  }

  release(lease: number): boolean {
    if (this.presentLease?.number !== lease) return false;
    this.lease = undefined;
    return true;
  }

  regenerate(grace: number | undefined): void {
    this.previous = grace === undefined ? undefined : { token: this.token, ends: this.now + grace };
    this.token = this.tokens;
    this.tokens += 1;
    this.version += 1;
  }

  setSubject(): void {
    if (this.previous !== undefined) this.previous = { ...this.previous, ends: 0 };
    this.version += 1;
  }
}
