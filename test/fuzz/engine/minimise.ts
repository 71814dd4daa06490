const mostAttempts = 600;
/** What hangs takes long to try. */
const mostSeconds = 20;

/** Finds a shorter and plainer input that `fails` in the same way, by leaving out parts and blanking bytes. */
export async function minimise(input: Buffer, fails: (candidate: Buffer) => Promise<boolean>): Promise<Buffer> {
  let best = input;
  let attempts = 0;
  const deadline = performance.now() + mostSeconds * 1000;
  const isOver = (): boolean => attempts >= mostAttempts || performance.now() >= deadline;
  const isBetter = async (candidate: Buffer): Promise<boolean> => {
    attempts += 1;
    if (!(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let length = Math.ceil(best.length / 2); length >= 1; length = length === 1 ? 0 : Math.ceil(length / 2)) {
    for (let at = 0; at < best.length && !isOver();) {
      const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + length)]);
      if (!(await isBetter(shorter))) at += length;
    }
  }
  for (let at = 0; at < best.length && !isOver(); at += 1) {
    if (best[at] === 0) continue;
    const plainer = Buffer.from(best);
    plainer[at] = 0;
    await isBetter(plainer);
  }
  return best;
}
