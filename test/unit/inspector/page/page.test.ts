import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { renderPage } from '../../../../server/src/inspector/page/page';
import type { Shown } from '../../../../server/src/inspector/page/sections';
import type { LogLevel } from '../../../../server/src/config/values';
import { History } from '../../../../server/src/inspector/stats/history';
import { statsOf } from '../../../../server/src/inspector/stats/stats';
import { reading } from '../stats/readings';
import { codePoint } from '../../../support/code-point';

/** A page on which every text that is not the sidecar's own is `text`. */
function pageWith(text: string): string {
  const history = new History({ samples: 2, present: 1 });
  const methods = new Map([[text, { total: 1, failed: 0, latencies: new Map() }]]);
  history.add(reading({ methods }));
  history.add(reading({ at: 5_000, methods }));
  const connection = { address: text, userAgent: text, openMs: 1, streams: 1, pipelines: 1, callsInFlight: 0 };
  const shown: Shown = {
    build: {
      ...{ version: text, commit: text, node: text, platform: text, store: text, started: text },
      ...{ pid: 1, uptimeSeconds: 1 },
    },
    stats: statsOf({
      history,
      intervalMs: 5_000,
      errors: [{ kind: 'call', name: text, reason: text, count: 1, lastAt: 0 }],
      readiness: { ready: false, parts: [{ name: text, ready: false, reason: text, since: 0 }] },
      connections: [connection],
    }),
    settings: [{ variable: text, value: text, source: 'variable', from: text, note: text }],
    search: {
      found: {
        ...{ subject: text, hasMore: true },
        sessions: [{ handle: text, label: text, created: text, accessed: text, expires: text, version: 1 }],
      },
    },
    logLevel: { level: text as LogLevel, configured: text as LogLevel, until: text },
  };
  return renderPage(shown);
}

/** The tags of a page with the names of their attributes, in order. */
function tagsIn(page: string): readonly string[] {
  return [...page.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replaceAll(/"[^"]*"/g, '""').replaceAll(/\s+/g, ' '));
}

/** How often `text` is on the page above. */
const places = 30;

test('no text from outside becomes a tag or an attribute', () => {
  const expected = tagsIn(pageWith('harmless'));
  expect(expected.length).toBeGreaterThan(100);
  const fragments = [
    '"',
    "'",
    '<',
    '>',
    '&',
    '`',
    '=',
    '/',
    ' ',
    '\n',
    '-->',
    '<!--',
    ']]>',
    '&quot;',
    'x',
    'onload=',
    'javascript:',
  ];
  const hostile = fc.oneof(
    fc.string({ unit: codePoint }),
    fc
      .array(fc.constantFrom(...fragments, '<script>', '</script>', '</title>', '<img src=x onerror=y>'), {
        minLength: 1,
      })
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(hostile, (text) => {
      expect(tagsIn(pageWith(text))).toEqual(expected);
    }),
  );
});

test('every text is on the page, as it is written', () => {
  const page = pageWith('<&">');
  expect(page).not.toContain('<&">');
  expect(page.split('&lt;&amp;&quot;&gt;').length - 1).toBeGreaterThanOrEqual(places);
});
