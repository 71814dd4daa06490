import type { Choices } from './choices';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const types = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
};

const endStream = 0x1;
const endHeaders = 0x4;

/** A frame of RFC 9113, section 4.1. */
function frame(type: number, flags: number, stream: number, payload: Uint8Array, claimed = payload.length): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(claimed & 0xff_ffff, 0, 3);
  head.writeUInt8(type & 0xff, 3);
  head.writeUInt8(flags & 0xff, 4);
  head.writeUInt32BE(stream >>> 0, 5);
  return Buffer.concat([head, payload]);
}

/** A header as a literal without indexing and without Huffman coding (RFC 7541, section 6.2.2). */
function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0), hpackText(name), hpackText(value)]);
}

function hpackText(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
  length.push(rest);
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** A message as gRPC frames it: whether it is compressed, its length, and its bytes. */
function grpcMessage(compressed: number, bytes: Uint8Array, claimed = bytes.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed, 0);
  head.writeUInt32BE(claimed >>> 0, 1);
  return Buffer.concat([head, bytes]);
}

const paths = [
  ...['GetSession', 'CreateSession', 'UpdateSession', 'Pipeline', 'Nothing', ''].map(
    (method) => `/session.v1.SessionService/${method}`,
  ),
  ...[
    '/grpc.health.v1.Health/Watch',
    '/grpc.health.v1.Health/Check',
    '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  ],
  ...['', '/', '//', `/${'x'.repeat(20_000)}`, '/session.v1.SessionService/GetSession?x'],
];

function requestHeaders(choices: Choices): Buffer {
  const list: [string, string][] = [
    [':method', choices.isRare(12) ? choices.pick(['GET', 'CONNECT', 'OPTIONS', '', 'x'.repeat(300)]) : 'POST'],
    [':scheme', choices.isRare(24) ? choices.pick(['https', 'ftp', '']) : 'http'],
    [':path', choices.pick(paths)],
    [':authority', choices.isRare(16) ? choices.pick(['', 'a:b:c', '\u0000', 'x'.repeat(9000)]) : 'localhost'],
    ['te', 'trailers'],
    [
      'content-type',
      choices.isRare(6)
        ? choices.pick(['text/html', '', 'application/grpc+json', 'application/grpc-web', 'a/b;c'])
        : 'application/grpc',
    ],
  ];
  if (choices.isRare(4))
    list.push(['grpc-timeout', choices.pick(['1S', '0n', '99999999H', '', '-1m', '1', 'x', '100000000000m', '1u'])]);
  if (choices.isRare(4))
    list.push(['grpc-encoding', choices.pick(['gzip', 'deflate', 'identity', 'br', '', 'gzip,gzip'])]);
  if (choices.isRare(4)) list.push(['grpc-accept-encoding', choices.pick(['gzip', 'identity', 'x'.repeat(1000)])]);
  if (choices.isRare(8))
    list.push([choices.pick(['a-bin', 'traceparent', 'cookie', 'A', 'connection', ':x']), choices.text(60)]);
  if (choices.isRare(48))
    list.push(...Array.from({ length: 2000 }, (_, index): [string, string] => [`k${index}`, 'v'.repeat(40)]));
  if (choices.isRare(24)) list.splice(choices.below(list.length), 1);
  if (choices.isRare(24)) list.reverse();
  return Buffer.concat(list.map(([name, value]) => literal(name, value)));
}

function dataOf(choices: Choices): Buffer {
  const bytes = choices.take(choices.below(40));
  switch (choices.below(8)) {
    case 0:
      return bytes;
    case 1:
      return grpcMessage(choices.pick([1, 2, 255]), bytes);
    case 2:
      return grpcMessage(0, bytes, choices.pick([0, 1, 100, 4 * 1024 * 1024 + 1, 2 ** 32 - 1]));
    case 3:
      return Buffer.concat(Array.from({ length: choices.pick([2, 100, 3000]) }, () => grpcMessage(0, bytes)));
    default:
      return grpcMessage(0, bytes);
  }
}

/** What a client sends on one connection, with everything in it that should not be. */
export function http2Bytes(choices: Choices): Buffer {
  const parts: Buffer[] = [choices.isRare(16) ? choices.take(choices.below(60)) : preface];
  if (!choices.isRare(16)) parts.push(frame(types.settings, 0, 0, settings(choices)));
  let lastStream = -1;
  for (let count = 0; count < 24 && !choices.isOver; count += 1) {
    if (choices.isRare(2)) {
      parts.push(repeated(choices, anyFrame(choices, lastStream)));
    } else {
      lastStream += 2;
      parts.push(call(choices, lastStream));
    }
  }
  return Buffer.concat(parts);
}

function repeated(choices: Choices, one: Buffer): Buffer {
  const copies = choices.isRare(48) ? choices.pick([2, 50, 2000]) : 1;
  return Buffer.concat(Array.from({ length: copies }, () => one));
}

/** Headers and messages on a stream of their own, and mostly the end of them. */
function call(choices: Choices, stream: number): Buffer {
  const parts = [frame(types.headers, endHeaders, stream, requestHeaders(choices))];
  const messages = choices.below(3);
  for (let made = 0; made < messages; made += 1)
    parts.push(repeated(choices, frame(types.data, 0, stream, dataOf(choices))));
  if (!choices.isRare(6)) parts.push(frame(types.data, endStream, stream, dataOf(choices)));
  return Buffer.concat(parts);
}

/**
 * Whether a server has sent GOAWAY. Node.js 20 leaves it to the client to close the connection when the reason is a frame on a stream
 * that was never opened.
 */
export function hasGoaway(received: Buffer): boolean {
  return typesIn(received).includes(types.goaway);
}

/** What a server answers as soon as it has read all that came before. */
export const ping = frame(types.ping, 0, 0, Buffer.from('arrived?'));

export function hasPong(received: Buffer): boolean {
  return typesIn(received).includes(types.ping);
}

function typesIn(received: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at + 9 <= received.length; at += 9 + received.readUIntBE(at, 3)) found.push(received[at + 3]!);
  return found;
}

function settings(choices: Choices): Buffer {
  const list = Buffer.alloc(6 * choices.below(3));
  for (let at = 0; at < list.length; at += 6) {
    list.writeUInt16BE(choices.below(10), at);
    list.writeUInt32BE(choices.pick([0, 1, 100, 65_535, 16_384, 2 ** 31 - 1, 2 ** 32 - 1]), at + 2);
  }
  return list;
}

function anyFrame(choices: Choices, lastStream: number): Buffer {
  const isKnown = lastStream > 0 && !choices.isRare(6);
  const stream = isKnown ? lastStream - 2 * choices.below(3) : choices.pick([0, 1, 2, 99, 2 ** 31 - 1, 2 ** 32 - 1]);
  const end = choices.byte() % 2 === 0 ? endStream : 0;
  switch (choices.below(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return frame(types.headers, endHeaders | (choices.isRare(6) ? endStream : 0), stream, requestHeaders(choices));
    case 4:
    case 5:
    case 6:
      return frame(types.data, end, stream, dataOf(choices));
    case 7: {
      // Headers of which the rest comes later, or does not.
      const block = requestHeaders(choices);
      const cut = choices.below(block.length);
      const first = frame(types.headers, 0, stream, block.subarray(0, cut));
      return Buffer.concat([
        first,
        frame(types.continuation, choices.isRare(4) ? 0 : endHeaders, stream, block.subarray(cut)),
      ]);
    }
    case 8:
      return frame(types.reset, 0, stream, Buffer.from([0, 0, 0, choices.below(16)]));
    case 9:
      return frame(
        types.windowUpdate,
        0,
        choices.isRare(2) ? 0 : stream,
        Buffer.from([choices.byte(), choices.byte(), 0, 1]),
      );
    case 10:
      return frame(types.ping, choices.below(2), 0, Buffer.alloc(choices.isRare(6) ? 7 : 8));
    case 11:
      return frame(types.settings, choices.below(2), choices.isRare(8) ? 1 : 0, settings(choices));
    case 12:
      return frame(types.priority, 0, stream, Buffer.alloc(choices.isRare(4) ? 4 : 5, choices.byte()));
    case 13:
      return frame(types.goaway, 0, 0, Buffer.alloc(8, choices.byte()));
    case 14:
      return frame(choices.byte(), choices.byte(), stream, choices.take(choices.below(64)));
    default:
      return frame(
        choices.below(11),
        choices.byte(),
        stream,
        choices.take(choices.below(32)),
        choices.pick([0, 1, 16_384, 16_385, 2 ** 24 - 1]),
      );
  }
}
