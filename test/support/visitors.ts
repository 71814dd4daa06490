import type { SessionClient } from '@session-sidecar/client';
import { Browser } from './browser';

/** A session that may hold a note. */
interface Notebook {
  readonly token: string | undefined;
  set(key: 'note', value: string): void;
  save(): Promise<void>;
}

/** A browser with the cookie of this new session, which is stored and holds a note. */
export async function browserWithSession(session: Notebook, url: string): Promise<Browser> {
  const browser = new Browser(url);
  session.set('note', 'old');
  await session.save();
  await browser.setCookie(session.token!);
  return browser;
}

/** What the session of a token holds; `undefined` if there is none. */
export async function storedData<T extends object>(
  client: SessionClient<T>,
  token: string | undefined,
): Promise<Partial<T> | undefined> {
  const session = await client.open(token);
  return session.isNew ? undefined : session.toObject();
}
