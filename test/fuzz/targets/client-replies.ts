import { SessionClient, SessionError } from '@session-sidecar/client';
import type { ISession, JsonValue } from '@session-sidecar/client';
import { Choices } from '../bytes/choices';
import type { Target } from '../engine/target';
import { startScriptedSidecar } from './scripted-sidecar';

type Data = Record<string, JsonValue>;

/** Short, because some calls get no answer. */
const timeoutMs = 40;
const mostSteps = 8;
const token = `${'A'.repeat(43)}.${'A'.repeat(24)}`;

export const clientReplies: Target = {
  name: 'client-replies',
  property:
    'Whatever a sidecar answers, on a Pipeline stream and without, every call of the TypeScript client gives a value or a SessionError.',
  guidedBy: ['client/src'],
  maxBytes: 1024,
  seeds: Array.from({ length: steps().length }, (_, step) =>
    Uint8Array.from([step % 2, 0, ...Array.from({ length: 30 }, (_none, at) => at % 7), step, 0, 1, 2, 3]),
  ),
  async open() {
    const sidecar = await startScriptedSidecar(new Choices(Buffer.alloc(0)));
    return {
      async run(input) {
        const choices = new Choices(input);
        const transport = choices.pick(['pipeline', 'unary'] as const);
        // A new one each time: a client remembers that it was told that there is no Pipeline.
        const client = new SessionClient<Data>({ address: sidecar.address, timeoutMs, transport });
        sidecar.follow(choices);
        try {
          await useSession(client, choices);
        } finally {
          client.close();
        }
      },
      close: () => {
        sidecar.close();
        return Promise.resolve();
      },
    };
  },
};

async function useSession(client: SessionClient<Data>, choices: Choices): Promise<void> {
  const session = choices.isRare(4) ? client.create() : await valueOf(() => client.open(token));
  if (session === undefined) return;
  await readAll(session);
  for (let step = 0; step < mostSteps && !choices.isOver; step += 1) {
    await valueOf(() => choices.pick(steps())(session, choices));
    if (choices.isRare(4)) await readAll(session);
  }
  await valueOf(() => session.save());
}

type Step = (session: ISession<Data>, choices: Choices) => unknown;

/** What an application does with a session. */
function steps(): readonly Step[] {
  return [
    (session) => session.save(),
    (session) => session.set('a', 1),
    (session) => session.setDefault('b', [1]),
    (session) => session.delete('a'),
    (session) => session.popItem(),
    (session) => session.clear(),
    (session) => session.changed(),
    (session) => session.flash('hello', { allowDuplicate: false }),
    (session) => session.peekFlash(),
    (session) => session.popFlash(),
    (session) => session.popFlash('errors'),
    (session) => Promise.all([session.popFlash(), session.popFlash('errors'), session.save()]),
    (session) => session.csrfToken(),
    (session) => session.newCsrfToken(),
    (session) => session.checkCsrfToken('x'),
    (session) => session.regenerate(),
    (session) => session.invalidate(),
    (session) => session.setSubject('ada'),
    (session) => session.setIdleTimeout('never'),
    (session, choices) => session.transform(choices.pick(['a', 'list']), () => [1]),
    (session) => {
      const list = session.get('list');
      // Whatever it held; what cannot be written back may be refused.
      if (Array.isArray(list)) list.splice(0, list.length, 1);
    },
  ];
}

/** Everything there is to read, which is when what was received is decoded. */
async function readAll(session: ISession<Data>): Promise<void> {
  for (const key of session.keys()) await valueOf(() => session.get(key));
  await valueOf(() => session.toObject());
  await valueOf(() => session.hasChanges);
  await valueOf(() => [
    session.token,
    session.handle,
    session.created,
    session.expires,
    session.version,
    session.subject,
  ]);
}

/** @returns `undefined` for a SessionError; anything else goes on */
async function valueOf<T>(act: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (SessionError.is(error)) return undefined;
    throw error;
  }
}
