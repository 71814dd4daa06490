import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { parse } from '../support/manifests';
import { anchorsOf } from '../docs/markdown';
import { describeWith, run } from '../support/tools';
import { alerts, alertTests, documentedSeries, metricsIn, ruleGroups, rules } from './rules';
import type { RuleGroups } from './rules';

const hasPromtool = run('promtool', ['--version']) !== undefined;

describe('the rules', () => {
  test('ask only for metrics that are documented or recorded', () => {
    const known = new Set([...documentedSeries, ...rules.flatMap(({ record }) => record ?? []), 'up']);
    const unknown = rules.flatMap(({ expr }) => metricsIn(expr)).filter((name) => !known.has(name));
    expect(unknown).toEqual([]);
    expect(rules.filter(({ expr }) => metricsIn(expr).length === 0)).toEqual([]);
  });

  test('tell the sidecar from other programs where its metrics do not', () => {
    const others = /\b(up|process_\w+|nodejs_\w+)(?!\w*\{container="session-sidecar")/;
    expect(rules.filter(({ expr }) => others.test(expr))).toEqual([]);
  });

  test('send to a runbook that is there, for each alert', () => {
    const anchors = anchorsOf('docs/operate/operations.md');
    expect(alerts.length).toBeGreaterThan(10);
    for (const { alert, annotations, labels } of alerts) {
      expect(annotations).toMatchObject({
        summary: expect.any(String),
        description: expect.any(String),
        runbook_url: `docs/operate/operations.md#${alert.toLowerCase()}`,
      });
      expect(anchors).toContain(alert.toLowerCase());
      expect(['critical', 'warning', 'info']).toContain(labels?.['severity']);
    }
  });

  test('compare the memory with the limit that the manifest sets', () => {
    const [patch] = parse(readFileSync(join(__dirname, '../../k8s/sidecar/sidecar.yaml'), 'utf8'));
    const limit = /^(\d+)Mi$/.exec(patch?.['spec'].template.spec.initContainers[0].resources.limits.memory)?.[1];
    expect(alerts.find(({ alert }) => alert === 'SessionSidecarMemoryHigh')?.expr).toContain(
      `0.9 * ${limit} * 1024 * 1024`,
    );
  });

  test('have, for each alert, a test in which it is quiet and one in which it fires', () => {
    const tested = (fires: boolean) =>
      alertTests.tests
        .flatMap((one) => one.alert_rule_test)
        .filter(({ exp_alerts }) => exp_alerts.length > 0 === fires)
        .map(({ alertname }) => alertname);
    const names = alerts.map(({ alert }) => alert).sort();
    for (const fires of [true, false]) expect([...new Set(tested(fires))].sort()).toEqual(names);
  });
});

describeWith('promtool', hasPromtool)('promtool', () => {
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'session-sidecar-rules-'));
  });

  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  const [ruleFile = ''] = alertTests.rule_files;

  function check(groups: RuleGroups): string {
    writeFileSync(join(directory, ruleFile), stringify(groups));
    return run('promtool', ['check', 'rules', join(directory, ruleFile)]) ?? '';
  }

  /** @param tests default: the file as it is */
  function testRules(groups: RuleGroups, tests = readFileSync(join(__dirname, '../../k8s/tests/alerts.yaml'), 'utf8')) {
    writeFileSync(join(directory, ruleFile), stringify(groups));
    writeFileSync(join(directory, 'alerts.yaml'), tests);
    return run('promtool', ['test', 'rules', join(directory, 'alerts.yaml')]) ?? '';
  }

  /** The rules with one changed. */
  function withAlert(name: string, change: (expr: string) => string): RuleGroups {
    const groups = structuredClone(ruleGroups);
    for (const rule of groups.groups.flatMap((group) => group.rules)) {
      if (rule.alert === name) Object.assign(rule, { expr: change(rule.expr) });
    }
    return groups;
  }

  test('takes the rules', () => {
    expect(check(ruleGroups)).toContain(`SUCCESS: ${rules.length} rules found`);
  });

  test('refuses a rule with a mistake', () => {
    expect(() => check(withAlert('SessionSidecarDown', () => 'sum(up'))).toThrow('could not parse');
  });

  test('finds that every alert fires when it should, and not before', () => {
    expect(testRules(ruleGroups)).toContain('SUCCESS');
  });

  test.each(alerts.map(({ alert }) => alert))('fail if %s never fires, or always does', (alert) => {
    const tests = alertTests.tests.filter((one) => one.alert_rule_test.some(({ alertname }) => alertname === alert));
    const own = stringify({ ...alertTests, tests });
    for (const broken of [
      withAlert(alert, (expr) => `(${expr}) and on () (vector(1) > 2)`),
      withAlert(alert, (expr) => `(${expr}) or vector(1)`),
    ]) {
      expect(() => testRules(broken, own)).toThrow(alert);
    }
  });
});
