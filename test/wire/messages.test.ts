import { describe, expect, test } from '@jest/globals';
import { ErrorInfo } from '@session-sidecar/proto/google/rpc/error_details';
import { ErrorReason } from '@session-sidecar/proto/session/v1/error_reason';
import { PipelineRequest, PipelineResponse } from '@session-sidecar/proto/session/v1/pipeline';
import {
  CreateSessionRequest,
  GetSessionResponse,
  PopFlashResponse,
  RegenerateSessionResponse,
  SessionServiceDefinition,
  UpdateSessionRequest,
  UpdateSessionResponse,
} from '@session-sidecar/proto/session/v1/session_service';

/*
 * Applications and sidecars are not updated at the same moment, and not all are written in TypeScript. The bytes were made by
 * `buf convert` from JSON, not by the code that reads them here.
 */
interface MessageType {
  encode(message: never): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
}

/** What a reply has that says nothing about copies. */
const noCopy = { liveMs: 0, etag: Buffer.alloc(0) };

const cases: readonly (readonly [name: string, type: MessageType, hex: string, message: object])[] = [
  [
    'CreateSessionRequest with every mutation',
    CreateSessionRequest,
    '0a120a100a047573657212087b226964223a377d0a0c120a0a046361727412025b5d0a051a030a01610a0522030a01620a022a000a11320f0a04' +
      '636172741205227465612218010a103a0e0a016e10feffffffffffffffff010a10420e0a01711207225361766564221801120808011080cab5ee' +
      '01220137',
    {
      mutations: [
        { kind: { $case: 'set', value: { key: 'user', value: Buffer.from('{"id":7}') } } },
        { kind: { $case: 'setIfAbsent', value: { key: 'cart', value: Buffer.from('[]') } } },
        { kind: { $case: 'delete', value: { key: 'a' } } },
        { kind: { $case: 'take', value: { key: 'b' } } },
        { kind: { $case: 'clear', value: {} } },
        { kind: { $case: 'append', value: { key: 'cart', value: Buffer.from('"tea"'), unlessPresent: true } } },
        { kind: { $case: 'increment', value: { key: 'n', by: -2 } } },
        { kind: { $case: 'pushFlash', value: { queue: 'q', message: Buffer.from('"Saved"'), unlessPresent: true } } },
      ],
      idleExpiry: { $case: 'idleTimeout', value: { seconds: 1, nanos: 500_000_000 } },
      subject: '7',
    },
  ],
  [
    'CreateSessionRequest without idle timeout',
    CreateSessionRequest,
    '1801',
    { mutations: [], idleExpiry: { $case: 'noIdleTimeout', value: true }, subject: undefined },
  ],
  [
    'UpdateSessionRequest for nobody',
    UpdateSessionRequest,
    '0a017418033200',
    { token: 't', mutations: [], ifVersion: 3, idleExpiry: undefined, subject: '' },
  ],
  [
    'GetSessionResponse with everything in it',
    GetSessionResponse,
    '0a420a016812070a02c3bc1201311a0210022201632a0c08a5ebdcca061080eba5c302320608a6ebdcca063a0608d6f4dcca06420308b00948ffff' +
      'ffffffffff0f520137',
    {
      session: {
        handle: 'h',
        data: new Map([['ü', Buffer.from('1')]]),
        flashQueues: [{ name: '', messageCount: 2 }],
        csrfToken: 'c',
        created: new Date('2026-01-02T03:04:05.678Z'),
        accessed: new Date('2026-01-02T03:04:06Z'),
        expires: new Date('2026-01-02T03:24:06Z'),
        idleTimeout: { seconds: 1_200, nanos: 0 },
        version: Number.MAX_SAFE_INTEGER,
        subject: '7',
      },
      notModified: undefined,
      ...noCopy,
    },
  ],
  [
    'GetSessionResponse for a client that has a copy',
    GetSessionResponse,
    '12100a0608a6ebdcca06120608d6f4dcca0618e0d403220500010203ff',
    {
      session: undefined,
      notModified: { accessed: new Date('2026-01-02T03:04:06Z'), expires: new Date('2026-01-02T03:24:06Z') },
      liveMs: 60_000,
      etag: Buffer.of(0, 1, 2, 3, 255),
    },
  ],
  [
    'UpdateSessionResponse with results, of which one is an empty value',
    UpdateSessionResponse,
    '0804120608d6f4dcca061a0208011a0212001a050801120131',
    {
      version: 4,
      expires: new Date('2026-01-02T03:24:06Z'),
      results: [
        { applied: true, value: undefined, messages: [] },
        { applied: false, value: Buffer.alloc(0), messages: [] },
        { applied: true, value: Buffer.from('1'), messages: [] },
      ],
      ...noCopy,
    },
  ],
  [
    'UpdateSessionRequest that pops a flash queue',
    UpdateSessionRequest,
    '0a017412054a030a0171',
    {
      token: 't',
      mutations: [{ kind: { $case: 'popFlash', value: { queue: 'q' } } }],
      ifVersion: undefined,
      idleExpiry: undefined,
      subject: undefined,
    },
  ],
  [
    'UpdateSessionResponse with the messages of a flash queue',
    UpdateSessionResponse,
    '08041a0a08011a032261221a0131',
    {
      version: 4,
      expires: undefined,
      results: [{ applied: true, value: undefined, messages: [Buffer.from('"a"'), Buffer.from('1')] }],
      ...noCopy,
    },
  ],
  [
    'UpdateSessionResponse for a client that has a copy',
    UpdateSessionResponse,
    '080420012a0100',
    { version: 4, expires: undefined, results: [], liveMs: 1, etag: Buffer.of(0) },
  ],
  [
    'UpdateSessionRequest of a client that keeps copies',
    UpdateSessionRequest,
    '0a01743a00',
    {
      token: 't',
      mutations: [],
      ifVersion: undefined,
      idleExpiry: undefined,
      subject: undefined,
      etag: Buffer.alloc(0),
    },
  ],
  [
    'PipelineRequest that requests confirmation',
    PipelineRequest,
    '12010118ac02',
    { calls: [], cancelled: [1], confirm: 300 },
  ],
  [
    'PipelineResponse that reports changes',
    PipelineResponse,
    '1a050a016810071a030a0169200128ffffffffffffff0f',
    {
      replies: [],
      draining: false,
      changed: [
        { handle: 'h', version: 7 },
        { handle: 'i', version: 0 },
      ],
      allChanged: true,
      confirmed: Number.MAX_SAFE_INTEGER,
    },
  ],
  [
    'RegenerateSessionResponse',
    RegenerateSessionResponse,
    '0a01741201631802',
    { token: 't', csrfToken: 'c', version: 2, expires: undefined, results: [] },
  ],
  [
    'PopFlashResponse',
    PopFlashResponse,
    '0a07225361766564220a0131',
    { messages: [Buffer.from('"Saved"'), Buffer.from('1')], version: 0 },
  ],
  [
    'ErrorInfo',
    ErrorInfo,
    '0a1153455353494f4e5f4e4f545f464f554e44120a73657373696f6e2e76311a060a0161120162',
    { reason: 'SESSION_NOT_FOUND', domain: 'session.v1', metadata: new Map([['a', 'b']]) },
  ],
];

describe.each(cases)('%s', (_, type, hex, message) => {
  test('is read from the bytes that other programs send', () => {
    expect(type.decode(Buffer.from(hex, 'hex'))).toEqual(message);
  });

  test('is written as the bytes that other programs read', () => {
    expect(Buffer.from(type.encode(message as never).finish()).toString('hex')).toBe(hex);
  });

  test('is read although a newer program added a field to it', () => {
    // Field 1000, a varint.
    expect(type.decode(Buffer.from(`${hex}c03e07`, 'hex'))).toEqual(message);
  });
});

test('methods are called by the names they always had', () => {
  expect(SessionServiceDefinition.fullName).toBe('session.v1.SessionService');
  expect(Object.values(SessionServiceDefinition.methods).map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      ...['CreateSession', 'GetSession', 'UpdateSession', 'RegenerateSession', 'InvalidateSession'],
      ...['PushFlash', 'PopFlash', 'PeekFlash', 'GetCsrfToken', 'NewCsrfToken', 'CheckCsrfToken'],
    ]),
  );
});

test('error reasons have the numbers they always had', () => {
  expect(ErrorReason).toMatchObject({
    UNSPECIFIED: 0,
    SESSION_NOT_FOUND: 1,
    TOKEN_INVALID: 2,
    VERSION_MISMATCH: 3,
    INVALID_ARGUMENT: 4,
    SESSION_TOO_LARGE: 5,
    TOO_MANY_KEYS: 6,
    FLASH_QUEUE_FULL: 7,
    STORE_UNAVAILABLE: 8,
    STORE_FULL: 9,
    DRAINING: 10,
    INTERNAL: 11,
    REQUEST_TOO_LARGE: 12,
    OVERLOADED: 13,
    API_TOKEN_INVALID: 14,
  });
});
