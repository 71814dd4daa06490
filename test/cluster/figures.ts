import { appendFileSync } from 'node:fs';

/** Adds a line to the figures of docs/operate/cluster-report.md. */
export function report(what: string, figure: string): void {
  console.log(`${what}: ${figure}`);
  appendFileSync(process.env['CLUSTER_FIGURES']!, `${JSON.stringify({ what, figure })}\n`);
}

/** The seconds since a moment of `performance.now()`, as a figure. */
export const secondsSince = (begin: number) => `${((performance.now() - begin) / 1000).toFixed(1)} s`;
