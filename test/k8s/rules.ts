import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const read = (path: string): string => readFileSync(join(__dirname, '../..', path), 'utf8');

export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RuleGroups {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

/** What the PrometheusRule says, which is also what a rule file of Prometheus says. */
export const ruleGroups = (parse(read('k8s/monitoring/prometheus-rule.yaml')) as { readonly spec: RuleGroups }).spec;

export const rules = ruleGroups.groups.flatMap((group) => group.rules);

export const alerts = rules.flatMap(({ alert, ...rule }) => (alert === undefined ? [] : [{ ...rule, alert }]));

interface AlertTests {
  readonly rule_files: readonly string[];
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

export const alertTests = parse(read('k8s/tests/alerts.yaml')) as AlertTests;

/** The names of all metrics of docs/reference/metrics.md, by type. */
export const documentedMetrics = new Map(
  [...read('docs/reference/metrics.md').matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, name = '', type = '']) => [
    name,
    type,
  ]),
);

/** As in {@link documentedMetrics}, under the names that series have. */
export const documentedSeries = new Set(
  [...documentedMetrics].flatMap(([name, type]) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name],
  ),
);

/** What is asked for in a query: everything in front of a selector or a range, and everything that has our prefix. */
export function metricsIn(expr: string): string[] {
  const withoutTexts = expr.replaceAll(/"[^"]*"/g, '""');
  return [...withoutTexts.matchAll(/[a-zA-Z_:][\w:]*(?=[{[])|[\w:]*session_sidecar_[\w:]+/g)].map(([name]) => name);
}
