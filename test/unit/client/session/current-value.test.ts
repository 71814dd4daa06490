import { describe, expect, test } from '@jest/globals';
import { SessionError } from '../../../../client/src/errors/session-error';
import { changeCurrentValue } from '../../../../client/src/session/current-value';
import { EncodedValue } from '../../../../client/src/transport/encoded-value';

/** A session that holds one number. */
class OneNumber {
  version = 7;
  number = 1;
  reads = 0;
  writes = 0;
  readonly #othersAfterReads: number;

  /** @param othersAfterReads after how many reads another request adds one to the number, before the next write */
  constructor(othersAfterReads = 0) {
    this.#othersAfterReads = othersAfterReads;
  }

  get current() {
    return { version: this.version, value: new EncodedValue(Buffer.from(String(this.number))) };
  }

  addOne(): void {
    this.version += 1;
    this.number += 1;
  }

  readonly read = () => {
    const { current } = this;
    this.reads += 1;
    if (this.reads <= this.#othersAfterReads) this.addOne();
    return Promise.resolve(current);
  };

  readonly write = (value: unknown, ifVersion: number) => {
    this.writes += 1;
    if (ifVersion !== this.version) return Promise.reject(new SessionError('VERSION_MISMATCH', ''));
    this.version += 1;
    this.number = value as number;
    return Promise.resolve(this.number);
  };
}

const plusTen = (value: EncodedValue | undefined) => Number(value?.toString()) + 10;

describe('a change of the current value', () => {
  test.each([
    ['is known and current', 0, 0, { number: 11, reads: 0, writes: 1 }],
    ['is known and outdated', 1, 0, { number: 12, reads: 1, writes: 2 }],
    ['is changed by others again and again', 1, 3, { number: 15, reads: 4, writes: 5 }],
  ])('is based on what is stored if that %s', async (_what, othersBefore, othersAfterReads, expected) => {
    const session = new OneNumber(othersAfterReads);
    const known = session.current;
    for (let others = 0; others < othersBefore; others++) session.addOne();
    await changeCurrentValue({ ...session, known, change: plusTen });
    const { number, reads, writes } = session;
    expect({ number, reads, writes }).toEqual(expected);
  });

  test('reads it if nothing is known', async () => {
    const session = new OneNumber();
    await expect(changeCurrentValue({ ...session, known: undefined, change: plusTen })).resolves.toBe(11);
    expect(session.reads).toBe(1);
  });

  test('fails only if it fails with what is stored', async () => {
    const session = new OneNumber();
    const known = session.current;
    const refuseOne = (value: EncodedValue | undefined) => {
      if (value?.toString() === '1') throw new Error('too few');
      return plusTen(value);
    };
    await expect(changeCurrentValue({ ...session, known, change: refuseOne })).rejects.toThrow('too few');
    expect(session.reads).toBe(1);
    session.addOne();
    await expect(changeCurrentValue({ ...session, known, change: refuseOne })).resolves.toBe(12);
  });

  test('is not repeated when a write has failed otherwise', async () => {
    const session = new OneNumber();
    const write = () => Promise.reject(new SessionError('UNAVAILABLE', 'lost'));
    const lost = changeCurrentValue({ ...session, known: session.current, change: plusTen, write });
    await expect(lost).rejects.toThrow('lost');
    expect(session.reads).toBe(0);
  });

  test('gives up on a value that is never the same', async () => {
    const session = new OneNumber(Infinity);
    const change = changeCurrentValue({ ...session, known: undefined, change: plusTen });
    await expect(change).rejects.toMatchObject({ code: 'VERSION_MISMATCH' });
    expect(session.writes).toBe(50);
  });
});
