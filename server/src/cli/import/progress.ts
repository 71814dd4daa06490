import type { Output } from '../output';
import { startBar } from '../progress/bar';
import { numberText } from '../units';
import type { Results } from './results';

const lineIntervalMs = 10_000;

/**
 * Shows how far an import has come until the returned function is called: as a bar on a terminal, as lines elsewhere.
 *
 * @param visited number of keys that were looked at, of `total`
 */
export function showProgress(results: Results, visited: () => number, total: number, output: Output): () => void {
  const { stderr } = output;
  if (stderr.isTTY === true) {
    return startBar(stderr, '{imported} imported · {failed} failed · {rate}/s', Math.max(1, total), () => ({
      done: visited(),
      payload: textsOf(results),
    }));
  }
  const timer = setInterval(() => {
    const { imported, failed, rate } = textsOf(results);
    const share = total > 0 ? ` ${Math.min(100, Math.floor((visited() / total) * 100))} % of all keys,` : '';
    output.message(`importing:${share} ${imported} imported, ${failed} failed, ${rate} per second`);
  }, lineIntervalMs);
  return () => clearInterval(timer);
}

function textsOf({ outcomes, failed, keys, seconds }: Results) {
  return {
    imported: numberText(outcomes.imported),
    failed: numberText(failed),
    rate: numberText(Math.round(keys / Math.max(0.001, seconds))),
  };
}
