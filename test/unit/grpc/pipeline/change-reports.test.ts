import { afterEach, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { ChangeReports, maxPendingChanges } from '../../../../server/src/grpc/pipeline/change-reports';
import { FakeFeed } from '../../../support/fake-feed';

afterEach(() => {
  jest.restoreAllMocks();
});

function start() {
  const feed = new FakeFeed();
  const counts = { streams: 0, changes: 0, all: 0, pending: 0 };
  const observer = {
    changeStreams: (difference: number) => (counts.streams += difference),
    changesReported: (count: number) => (counts.changes += count),
    allChangesReported: () => (counts.all += 1),
  };
  const reports = new ChangeReports({ feed, observer }, () => (counts.pending += 1));
  feed.confirm();
  return { feed, reports, counts };
}

test('nothing is reported or tracked before the first request for confirmation', () => {
  const { feed, reports, counts } = start();
  feed.change('a', 2);
  expect(reports.take()).toBeUndefined();
  expect([feed.hasListeners, counts.streams, counts.pending]).toEqual([false, 0, 0]);
});

test('changes come before the confirmation, or with it', () => {
  jest.spyOn(performance, 'now').mockReturnValue(5000);
  const { feed, reports } = start();
  reports.confirm(1000);
  feed.change('a', 2);
  feed.confirm(4900);
  expect(reports.take()).toEqual({ changed: [{ handle: 'a', version: 2 }], allChanged: false, confirmed: 900 });
  expect(reports.take()).toBeUndefined();
});

test("a confirmation of the feed from before the client's clock began does not count", () => {
  jest.spyOn(performance, 'now').mockReturnValue(5000);
  const { feed, reports } = start();
  feed.confirm(4000);
  reports.confirm(1000);
  expect(reports.take()).toBeUndefined();
});

test('while the feed cannot report, nothing is confirmed', () => {
  const { feed, reports } = start();
  feed.lose();
  reports.confirm(1000);
  expect(reports.take()).toBeUndefined();
  feed.confirm();
  expect(reports.take()).toEqual({ changed: [], allChanged: true, confirmed: 0 });
});

test('pending changes of one session are merged, with the last version, or none if that is unknown', () => {
  const { feed, reports } = start();
  reports.confirm(1000);
  reports.take();
  for (const version of [2, 4, 3]) feed.change('a', version);
  feed.change('b', 2);
  feed.change('b');
  feed.change('b', 4);
  expect(reports.take()?.changed).toEqual([
    { handle: 'a', version: 4 },
    { handle: 'b', version: 0 },
  ]);
});

test('too many changes for a client that does not read become one report that anything may have changed', () => {
  const { feed, reports, counts } = start();
  reports.confirm(1000);
  reports.take();
  for (let number = 0; number < maxPendingChanges; number += 1) feed.change(`handle-${number}`, 2);
  feed.change('one more', 2);
  feed.change('and another', 2);
  expect(reports.take()).toMatchObject({ changed: [], allChanged: true });
  expect([counts.changes, counts.all]).toEqual([0, 1]);
  feed.change('a', 2);
  expect(reports.take()).toMatchObject({ changed: [{ handle: 'a', version: 2 }], allChanged: false });
});

test('once closed, it receives and holds nothing', () => {
  const { feed, reports, counts } = start();
  reports.confirm(1000);
  feed.change('a', 2);
  reports.close();
  reports.close();
  reports.confirm(2000);
  expect([reports.take(), feed.hasListeners, counts.streams]).toEqual([undefined, false, 0]);
});

test('in any order of events, every change is reported by the next confirmation', () => {
  const handle = fc.constantFrom('a', 'b', 'c');
  const step = fc.oneof(
    fc.tuple(handle, fc.option(fc.integer({ min: 2, max: 9 }), { nil: undefined })),
    fc.constant('all'),
    fc.constant('take'),
    fc.constant('confirm'),
  );
  const property = fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const { feed, reports } = start();
    reports.confirm(1_000_000);
    reports.take();
    const unreported = new Set<string>();
    const take = (): void => {
      const report = reports.take();
      if (report?.allChanged) unreported.clear();
      for (const change of report?.changed ?? []) unreported.delete(change.handle);
      if (report !== undefined && report.confirmed > 0) expect([...unreported]).toEqual([]);
    };
    for (const next of steps) {
      if (next === 'take') take();
      else if (next === 'confirm') reports.confirm(1_000_000);
      else if (next === 'all') {
        feed.changeAll();
        for (const each of ['a', 'b', 'c']) unreported.add(each);
      } else {
        feed.change(...next);
        unreported.add(next[0]);
      }
    }
    reports.confirm(1_000_000);
    take();
    expect([...unreported]).toEqual([]);
  });
  fc.assert(property);
});
