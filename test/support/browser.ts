import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import makeFetchCookie from 'fetch-cookie';
import { CookieJar } from 'tough-cookie';
import type { Certificate } from './certificate';

/** Serves an Express app, or any other listener, on a free port; over https, if there is a certificate. */
export async function serve(
  listener: RequestListener,
  certificate?: Certificate,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = certificate === undefined ? createServer(listener) : createSecureServer(certificate, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** A visitor's browser: it keeps cookies, follows redirects and fills in forms. */
export class Browser {
  readonly #url: string;
  readonly #cookieName: string;
  readonly #jar = new CookieJar();
  readonly #fetch = makeFetchCookie(fetch, this.#jar);

  /** @param cookieName the cookie that carries the session */
  constructor(url: string, cookieName = 'session_sidecar') {
    this.#url = url;
    this.#cookieName = cookieName;
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return this.#fetch(this.#url + path, init);
  }

  async text(path: string): Promise<string> {
    return (await this.fetch(path)).text();
  }

  post(path: string, fields: Readonly<Record<string, string>> = {}, init: RequestInit = {}): Promise<Response> {
    return this.fetch(path, { method: 'POST', body: new URLSearchParams(fields), ...init });
  }

  /** Submits the first form of a page, with its CSRF token, to the form's action. */
  async submit(page: string, fields: Readonly<Record<string, string>> = {}): Promise<Response> {
    const html = await this.text(page);
    const action = /<form[^>]* action="([^"]+)"/.exec(html)?.[1];
    if (action === undefined) throw new Error(`There is no form on ${page}: ${html}`);
    return this.post(action, { csrf_token: csrfTokenIn(html), ...fields });
  }

  async cookie(name = this.#cookieName): Promise<string | undefined> {
    const cookies = await this.#jar.getCookies(this.#url);
    return cookies.find(({ key }) => key === name)?.value;
  }

  async setCookie(value: string, name = this.#cookieName): Promise<void> {
    await this.#jar.setCookie(`${name}=${value}`, this.#url);
  }
}

export function csrfTokenIn(html: string): string {
  return /name="csrf_token" value="([^"]+)"/.exec(html)?.[1] ?? '';
}
