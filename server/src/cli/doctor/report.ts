import type { Output, Style } from '../output';
import type { Finding, FindingStatus } from './finding';

const marks: Readonly<Record<FindingStatus, { readonly text: string; readonly style: Style }>> = {
  ok: { text: 'ok', style: 'green' },
  warning: { text: 'WARNING', style: 'yellow' },
  problem: { text: 'PROBLEM', style: 'red' },
  unknown: { text: 'unknown', style: 'dim' },
};

export function printFindings(findings: readonly Finding[], output: Output): void {
  const hasServers = findings.some(({ server }) => server !== undefined);
  const rows = findings.map(({ check, server = '', status, found, advice }) => [
    output.style(marks[status].style, marks[status].text),
    check,
    ...(hasServers ? [server] : []),
    advice === undefined ? found : `${found}. ${advice}`,
  ]);
  output.table(rows);
  const counts = (['problem', 'warning', 'unknown'] as const).flatMap((status) => {
    const count = findings.filter((finding) => finding.status === status).length;
    if (count === 0) return [];
    const noun = status === 'unknown' ? 'could not be examined' : count === 1 ? status : `${status}s`;
    return [output.style(marks[status].style, `${count} ${noun}`)];
  });
  output.line();
  output.line(counts.length === 0 ? output.style('green', 'All is well.') : `${counts.join(', ')}.`);
}
