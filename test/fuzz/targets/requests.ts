import assert from 'node:assert/strict';
import { createTokens } from '../../../server/src/session/token';
import { connectRaw, methods, RpcFailure } from '../../support/raw-grpc';
import type { RawClient } from '../../support/raw-grpc';
import { startReadySidecar } from '../../support/ready-sidecar';
import { unaryMethods } from '../bytes/api';
import { Choices } from '../bytes/choices';
import { messageSoup } from '../bytes/message-soup';
import { names } from '../bytes/texts';
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
  key: ['a', 'b', 'cart', ...names.slice(0, 12)],
  queue: ['', 'q', 'errors'],
  // Not so short that a session might end meanwhile.
  seconds: ['3600', '86400', '315576000', '0', '-1', '9223372036854775807'],
  nanos: ['0', '1000000', '1', '-1'],
};

const env = {
  SESSION_SIDECAR_MAX_SESSION_SIZE: '600KB',
  SESSION_SIDECAR_MAX_KEYS: '12',
  SESSION_SIDECAR_MAX_FLASH_MESSAGES: '20',
};

const mostRequests = 4;

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
  guidedBy: ['server/src/grpc', 'server/src/session', 'server/src/store/memory'],
  maxBytes: 1024,
  seeds: unaryMethods.map((_method, index) => Uint8Array.from([index, 0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0])),
  async open() {
    const redis = await startRedisForFuzzing();
    const sidecars = [await startReadySidecar({ env }), await startReadySidecar({ redisUrl: redis.url, env })];
    const clients = sidecars.map(({ address }) => connectRaw(address));
    return {
      async run(input) {
        const choices = new Choices(input);
        const sides = await Promise.all(clients.map(newSession));
        let before = await statesOf(sides);
        for (let count = 0; count < mostRequests && !choices.isOver; count += 1) {
          const { name, input: type } = choices.pick(unaryMethods);
          const request = messageSoup(choices, type, { likely });
          const [inMemory, inRedis] = await Promise.all(sides.map((side) => send(side, name, request)));
          assert.deepEqual(inRedis, inMemory, `what ${name} answers`);
          const after = await statesOf(sides);
          assert.deepEqual(after[1], after[0], `the session after ${name}`);
          if (inMemory!.failed !== undefined) assert.deepEqual(after, before, `the session after ${name} was refused`);
          // It might end while the other one is asked.
          if (isShortLived(after[0])) break;
          before = after;
        }
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
    const { responseType } = Object.values(methods).find(({ name }) => name === method)!;
    const response = responseType.decode(bytes) as Comparable;
    if (method === 'RegenerateSession') side.token = String(response['token']);
    if (typeof response['csrfToken'] === 'string') side.csrfToken = response['csrfToken'];
    return { ok: comparable(response) };
  } catch (error) {
    if (!(error instanceof RpcFailure)) throw error;
    assertDocumented(error);
    const { status, reason, message, metadata, violations } = error;
    return { failed: { status, reason, message, metadata, violations } };
  }
}

/** What GetSession says of each side's session. */
function statesOf(sides: readonly Side[]): Promise<Comparable[]> {
  return Promise.all(sides.map(async (side) => (await send(side, 'GetSession', getOwn)) as Comparable));
}

const getOwn = Buffer.from(methods.getSession.requestType.encode({ token: ownToken }).finish());

function isShortLived(state: Comparable | undefined): boolean {
  const session = (state as Answer | undefined)?.ok?.['session'] as Comparable | undefined;
  const idleTimeout = session?.['idleTimeout'] as { readonly seconds: number } | undefined;
  return idleTimeout !== undefined && idleTimeout.seconds < 600;
}

const different = new Set(['token', 'csrfToken', 'handle', 'created', 'accessed', 'expires']);

function comparable(message: Comparable): Comparable {
  const entries = Object.entries(message).map(([name, value]) => {
    if (different.has(name)) return [name, value !== undefined];
    return [name, name === 'session' && value !== undefined ? comparable(value as Comparable) : value] as const;
  });
  return Object.fromEntries(entries) as Comparable;
}

function replaced(bytes: Buffer, text: string, by: string): Buffer {
  let copy = bytes;
  for (let at = copy.indexOf(text); at >= 0; at = copy.indexOf(text, at + 1)) {
    if (copy === bytes) copy = Buffer.from(bytes);
    copy.write(by, at);
  }
  return copy;
}
