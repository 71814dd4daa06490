/** How often something happened, by name. */
export type Counts = Readonly<Record<string, number>>;

export function difference(after: Counts, before: Counts): Counts {
  const counts = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}
