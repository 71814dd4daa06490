import { once } from 'node:events';
import { connect, createServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { turnSliceMs } from '../../../../server/src/grpc/budgets/turn-budget';
import { Reading, ReadTurns } from '../../../../server/src/grpc/connections/read-turns';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The clock, which stands still. */
const now = 1000;

beforeEach(() => {
  jest.spyOn(performance, 'now').mockReturnValue(now);
});

afterEach(() => {
  jest.restoreAllMocks();
});

class Connection {
  isRead = true;
  readonly reading: Reading;

  constructor(
    readonly name: string,
    { isNew }: { isNew: boolean },
  ) {
    const handle = {
      readStop: () => (this.isRead = false),
      readStart: () => (this.isRead = true),
    };
    this.reading = new Reading({ _handle: handle } as unknown as Socket);
    this.reading.burstsUntil = isNew ? now + 1000 : 0;
  }
}

function connections(count: number, name = 'new', isNew = true): Connection[] {
  return Array.from({ length: count }, (_, n) => new Connection(`${name} ${n}`, { isNew }));
}

function turnsOf(all: readonly Connection[], streams = { areQueued: false }): ReadTurns {
  return new ReadTurns(
    () => all.map(({ reading }) => reading),
    () => !streams.areQueued,
  );
}

/** Opens streams of a connection until the turn has taken its time. */
function spend(turns: ReadTurns, { reading }: Pick<Connection, 'reading'>): void {
  turns.streamOpened(reading, now);
  turns.streamOpened(reading, now + turnSliceMs);
}

const namesOfRead = (all: readonly Connection[]): string[] =>
  all.filter(({ isRead }) => isRead).map(({ name }) => name);

describe('ReadTurns', () => {
  test('stop connections that are new or open many streams in a turn that took too long, and no others', () => {
    const [quiet, bursting] = connections(2, 'old', false) as [Connection, Connection];
    const [fresh] = connections(1) as [Connection];
    const turns = turnsOf([quiet, bursting, fresh]);
    turns.streamOpened(quiet.reading, now);
    for (let stream = 0; stream < 17; stream++) turns.streamOpened(bursting.reading, now);
    expect(namesOfRead([quiet, bursting, fresh])).toEqual(['old 0', 'old 1', 'new 0']);
    turns.streamClosed(now + turnSliceMs);
    expect(namesOfRead([quiet, bursting, fresh])).toEqual(['old 0']);
  });

  test('resume one in every fourth turn, first those that were not read', async () => {
    const all = connections(3);
    const turns = turnsOf(all);
    spend(turns, all[0]!);
    const resumed: string[] = [];
    for (let turn = 1; turn <= 12; turn++) {
      expect(namesOfRead(all)).toEqual(resumed);
      await nextTurn();
      if (turn % 4 === 0) resumed.push(`new ${(turn / 4) % 3}`);
      resumed.sort();
    }
    expect(namesOfRead(all)).toEqual(['new 0', 'new 1', 'new 2']);
  });

  test('resume one that was not read before those that wait, and these before those that were read', async () => {
    const all = connections(3);
    const [first, , busy] = all as [Connection, Connection, Connection];
    const turns = turnsOf(all);
    spend(turns, first);
    for (let turn = 0; turn < 4; turn++) await nextTurn();
    expect(namesOfRead(all)).toEqual(['new 1']);
    all.push(...connections(1, 'newer'));
    spend(turns, all[3]!);
    const order: string[] = [];
    for (let turn = 0; turn < 16; turn++) {
      await nextTurn();
      order.push(...namesOfRead(all).filter((name) => !order.includes(name)));
    }
    expect(order).toEqual(['new 1', busy.name, first.name, 'newer 0']);
  });

  test('resume none while streams wait to be served', async () => {
    const all = connections(2);
    const streams = { areQueued: true };
    const turns = turnsOf(all, streams);
    spend(turns, all[0]!);
    for (let turn = 0; turn < 3; turn++) await nextTurn();
    expect(namesOfRead(all)).toEqual([]);
    streams.areQueued = false;
    await nextTurn();
    expect(namesOfRead(all)).toHaveLength(1);
  });

  test('read a connection that has waited too long, whatever others send', async () => {
    const all = connections(8);
    const streams = { areQueued: true };
    const turns = turnsOf(all, streams);
    spend(turns, all[0]!);
    await nextTurn();
    expect(namesOfRead(all)).toEqual([]);
    jest.spyOn(performance, 'now').mockReturnValue(now + 400);
    await nextTurn();
    // A few, even if the turn has taken too long.
    const overdue = ['new 1', 'new 2', 'new 3', 'new 4'];
    expect(namesOfRead(all)).toEqual(overdue);
    for (let stream = 0; stream < 16; stream++) turns.streamOpened(all[1]!.reading, now + 500);
    expect(namesOfRead(all)).toEqual(overdue);
    // Once they have opened many streams, those that were not read come first in the next turn.
    turns.streamOpened(all[1]!.reading, now + 500);
    expect(namesOfRead(all)).toEqual([]);
    await nextTurn();
    expect(namesOfRead(all)).toEqual(['new 2', 'new 3', 'new 4', 'new 5']);
  });

  test('report how long data may have waited, until it has been read', async () => {
    const all = connections(1);
    const turns = turnsOf(all);
    const { reading } = all[0]!;
    expect(reading.waitMs(now)).toBe(0);
    spend(turns, all[0]!);
    expect(reading.waitMs(now + 100)).toBe(100 - turnSliceMs);
    for (let turn = 0; turn < 4; turn++) await nextTurn();
    expect(namesOfRead(all)).toEqual(['new 0']);
    expect(reading.waitMs(now + 100)).toBe(100 - turnSliceMs);
    await nextTurn();
    expect(reading.waitMs(now + 100)).toBe(0);
  });

  test('stop a socket that HTTP/2 reads by itself, and lose nothing', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const sockets: Socket[] = [];
    server.on('connection', (socket: Socket) => sockets.push(socket));
    const seen: string[] = [];
    server.on('stream', (stream, headers) => {
      seen.push(String(headers[':path']));
      stream.respond({}, { endStream: true });
    });
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const ask = (path: string) => once(client.request({ ':path': path }), 'response');
    await ask('/1');
    const reading = new Reading(sockets[0]!);
    reading.burstsUntil = Infinity;
    const streams = { areQueued: true };
    const turns = new ReadTurns(
      () => [reading],
      () => !streams.areQueued,
    );
    spend(turns, { reading });
    const second = ask('/2');
    const { bytesRead } = sockets[0]!;
    // The request is in the socket when another connection, which sent later, has been answered.
    const other = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await once(other.request({ ':path': '/other' }), 'response');
    expect(seen).toEqual(['/1', '/other']);
    expect(sockets[0]!.bytesRead).toBe(bytesRead);
    streams.areQueued = false;
    await second;
    expect(seen).toEqual(['/1', '/other', '/2']);
    client.close();
    other.close();
    server.close();
  });
});
