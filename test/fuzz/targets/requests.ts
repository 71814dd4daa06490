import assert from 'node:assert/strict';
import { createTokens } from '../../../server/src/tokens/token';
import { connectRaw, methods, RpcFailure } from '../../support/raw-grpc';
import type { RawClient } from '../../support/raw-grpc';
import { startReadySidecar } from '../../support/ready-sidecar';
import { unaryMethods } from '../bytes/api';
import type { Method } from '../bytes/api';
import { Choices } from '../bytes/choices';
import { messageSoup } from '../bytes/message-soup';
import type { Target } from '../engine/target';
import { assertDocumented } from './documented';
import { startRedisForFuzzing } from './redis';

/** Stand for the session's own token and CSRF token, which are as long but differ between the sidecars. */
const ownToken = `${'T'.repeat(43)}.${'T'.repeat(24)}`;
const ownCsrfToken = 'C'.repeat(22);
/** Well signed, as test/support/sidecar.ts sets the key, and of no session. */
const { token: unknownToken } = createTokens([Buffer.alloc(32, 'test')]).issue();

const likely = {
  token: [ownToken, ownToken, ownToken, ownToken, unknownToken, `${unknownToken.slice(0, -1)}A`, ''],
  csrf_token: [ownCsrfToken, 'x'],
  key: ['a', 'b', 'cart', 'c', 'd', 'e', 'user', 'é'],
  queue: ['', 'q', 'errors'],
  subject: ['ada', 'user 7', ''],
  id: ['an id', 'another', ''],
  if_version: ['1', '2', '3'],
  holder: ['one', 'two', ''],
  fence: ['1', '2'],
  // Not so short that a session might end between two calls.
  seconds: ['3600', '86400', '3600', '315576000', '0', '9223372036854775807'],
  nanos: ['0', '0', '0', '1000000', '1', '-1'],
};

const rare = ['idle_timeout', 'no_idle_timeout', 'if_version', 'fence', 'grace', 'subject', 'id'];

const env = {
  SESSION_SIDECAR_MAX_SESSION_SIZE: '600KB',
  SESSION_SIDECAR_MAX_KEYS: '5',
  SESSION_SIDECAR_MAX_FLASH_MESSAGES: '5',
  // What keeps this thread busy keeps it from hearing Redis.
  SESSION_SIDECAR_REDIS_MAX_SILENCE: '1m',
};

const mostRequests = 6;

const updateSession = unaryMethods.find(({ name }) => name === 'UpdateSession')!;
const invalidateSession = unaryMethods.find(({ name }) => name === 'InvalidateSession')!;
const others = unaryMethods.filter((method) => method !== updateSession && method !== invalidateSession);

/** Mostly what leaves something for the next requests to meet. */
function methodOf(choices: Choices): Method {
  if (choices.isRare(32)) return invalidateSession;
  return choices.isRare(2) ? choices.pick(others) : updateSession;
}

/** A sidecar, and the session that the requests of one input are about. */
interface Side {
  readonly client: RawClient;
  token: string;
  csrfToken: string;
}

export const requests: Target = {
  name: 'requests',
  property:
    'Any request to any RPC gets the same answer from the memory store and from Redis: success or a documented error, which changes nothing.',
  guidedBy: ['server/src/grpc', 'server/src/rpc', 'server/src/session', 'server/src/tokens', 'server/src/store/memory'],
  maxBytes: 1024,
  seeds: [
    ...others.map((_method, index) => Uint8Array.from([0, 1, index, 0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0])),
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((kind) =>
      Uint8Array.from([0, 0, 0, 0, 0, kind, 0, 0, 3, 0, 0, 1, 0, kind, 0, 0, 0, 0]),
    ),
  ],
  async open() {
    const redis = await startRedisForFuzzing();
    const sidecars = [await startReadySidecar({ env }), await startReadySidecar({ redisUrl: redis.url, env })];
    const clients = sidecars.map(({ address }) => connectRaw(address));
    return {
      async run(input) {
        const choices = new Choices(input);
        const sides = await Promise.all(clients.map(newSession));
        // Grows with every change, so that a refusal which changed something shows; `undefined`: not known.
        let version: unknown = 1;
        for (let count = 0; count < mostRequests && !choices.isOver; count += 1) {
          const { name, input: type } = methodOf(choices);
          const request = messageSoup(choices, type, { likely, rare });
          const [answer, inRedis] = await Promise.all(sides.map((side) => send(side, name, request)));
          assert.deepEqual(inRedis, answer, `what ${name} answers`);
          if (answer!.failed === undefined) {
            version = mayChange.has(name) ? answer!.ok!['version'] : version;
          } else {
            const now = await versionOf(sides);
            assert.equal(now, version ?? now, `the version after ${name} was refused`);
            version = now;
          }
        }
        await versionOf(sides);
        await Promise.all(sides.map(({ client, token }) => client.call('invalidateSession', { token })));
      },
      close: async () => {
        clients.forEach((client) => client.close());
        await Promise.all(sidecars.map((sidecar) => sidecar.close()));
        await redis.stop();
      },
    };
  },
};

async function newSession(client: RawClient): Promise<Side> {
  const { token, session } = await client.call('createSession', {});
  return { client, token, csrfToken: session!.csrfToken };
}

type Comparable = Readonly<Record<string, unknown>>;
interface Answer {
  readonly ok?: Comparable;
  readonly failed?: Comparable;
}

/** @returns the answer without what differs between two sessions */
async function send(side: Side, method: string, request: Buffer): Promise<Answer> {
  const own = replaced(replaced(request, ownToken, side.token), ownCsrfToken, side.csrfToken);
  try {
    const bytes = await side.client.send(method, own);
    const { requestType, responseType } = Object.values(methods).find(({ name }) => name === method)!;
    const response = responseType.decode(bytes) as Comparable;
    const { id } = requestType.decode(own) as { readonly id?: string };
    if (method === 'RegenerateSession') side.token = String(response['token']);
    if (typeof response['csrfToken'] === 'string') side.csrfToken = response['csrfToken'];
    return { ok: comparable(response, id === undefined ? different : differentById) };
  } catch (error) {
    if (!(error instanceof RpcFailure)) throw error;
    assertDocumented(error);
    assert.notEqual(error.status, 'DEADLINE_EXCEEDED', 'no answer in 20 s');
    const { status, reason, message, metadata, violations } = error;
    return { failed: { status, reason, message, metadata, violations } };
  }
}

/** The version of the session, which must be the same on both sides; `undefined`: it has ended. */
async function versionOf(sides: readonly Side[]): Promise<unknown> {
  const [inMemory, inRedis] = await Promise.all(sides.map((side) => send(side, 'GetSession', getOwn)));
  assert.deepEqual(inRedis, inMemory, 'the session afterwards');
  return (inMemory!.ok?.['session'] as Comparable | undefined)?.['version'];
}

const getOwn = Buffer.from(methods.getSession.requestType.encode({ token: ownToken }).finish());
const mayChange = new Set([
  ...['UpdateSession', 'RegenerateSession', 'InvalidateSession', 'PushFlash', 'PopFlash', 'NewCsrfToken'],
]);

const different = new Set([
  ...['token', 'csrfToken', 'handle', 'created', 'accessed', 'expires', 'etag', 'liveMs', 'fence'],
]);

/** Versions of sessions with an id start anywhere above those of earlier ones. */
const differentById = new Set([...different, 'version']);

function comparable(message: Comparable, hidden: ReadonlySet<string>): Comparable {
  const entries = Object.entries(message).map(([name, value]) => {
    if (hidden.has(name)) return [name, isPresent(value)];
    return [name, name === 'session' && value !== undefined ? comparable(value as Comparable, hidden) : value] as const;
  });
  return Object.fromEntries(entries) as Comparable;
}

/** Fields that are never absent are empty instead. */
function isPresent(value: unknown): boolean {
  return value !== undefined && !(value instanceof Uint8Array && value.length === 0);
}

function replaced(bytes: Buffer, text: string, by: string): Buffer {
  let copy = bytes;
  for (let at = copy.indexOf(text); at >= 0; at = copy.indexOf(text, at + 1)) {
    if (copy === bytes) copy = Buffer.from(bytes);
    copy.write(by, at);
  }
  return copy;
}
