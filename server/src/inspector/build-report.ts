/** What runs, and where. */
export interface BuildReport {
  readonly version: string;
  /** The commit that it was built from; `null`: not known. */
  readonly commit: string | null;
  readonly node: string;
  readonly platform: string;
  readonly pid: number;
  readonly store: string;
  /** In ISO 8601. */
  readonly started: string;
  readonly uptimeSeconds: number;
}

export function buildReport(version: string, commit: string | undefined, store: string): BuildReport {
  const uptimeSeconds = process.uptime();
  return {
    version,
    commit: commit ?? null,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    pid: process.pid,
    store,
    started: new Date(Date.now() - uptimeSeconds * 1000).toISOString(),
    uptimeSeconds: Math.round(uptimeSeconds),
  };
}
