import { expect, test } from '@jest/globals';
import { readinessText } from '../../../server/src/http/readiness';
import type { StorePart } from '../../../server/src/session/session-store';

const since = Date.UTC(2026, 10, 25, 18, 10, 0, 123);
const up = (name: string): StorePart => ({ name, ready: true, reason: undefined, since });
const down = (name: string, reason?: string): StorePart => ({ name, ready: false, reason, since });

test.each([
  ['all parts', [up('redis'), up('grpc')], false, 'ready\n'],
  [
    'all parts, verbosely',
    [up('redis'), up('grpc')],
    true,
    'ready\nready: redis since 2026-11-25T18:10:00.123Z\nready: grpc since 2026-11-25T18:10:00.123Z\n',
  ],
  [
    'not one of two',
    [down('redis 10.0.0.7:6379', 'no answer (READONLY)'), up('grpc')],
    false,
    'not ready: redis 10.0.0.7:6379: no answer (READONLY) since 2026-11-25T18:10:00.123Z\n',
  ],
  [
    'not one of two, verbosely',
    [down('redis', 'no answer'), up('grpc')],
    true,
    'not ready: redis: no answer since 2026-11-25T18:10:00.123Z\nready: grpc since 2026-11-25T18:10:00.123Z\n',
  ],
  [
    'none of two',
    [down('redis', 'no answer'), down('grpc')],
    false,
    'not ready: redis: no answer since 2026-11-25T18:10:00.123Z\nnot ready: grpc since 2026-11-25T18:10:00.123Z\n',
  ],
])('ready: %s', (_, parts, verbose, text) => {
  expect(readinessText({ ready: parts.every(({ ready }) => ready), parts }, verbose)).toBe(text);
});
