import { Pool } from 'undici';
import { runAll } from '../closed-loop';
import { assertUser } from '../shop';
import type { Shop } from '../shop';
import type { Target } from '../target';
import type { Side } from './side';

/** An application over HTTP, as browsers use it: each operation in flight has its own connection. */
export function httpSide({ httpUrl }: Target): Side {
  const pool = new Pool(httpUrl!);
  const ids: string[] = [];

  async function request(n: number, method: 'GET' | 'POST', path: string): Promise<string | undefined> {
    const { statusCode, headers, body } = await pool.request({ method, path, headers: { cookie: ids[n] ?? '' } });
    if (statusCode !== 200) throw new Error(`${method} ${path} returned ${statusCode}: ${await body.text()}`);
    assertUser(((await body.json()) as { readonly user?: Shop['user'] }).user, n);
    return [headers['set-cookie']].flat()[0]?.split(';', 1)[0];
  }

  return {
    async fill(count, size) {
      await runAll(count, async (n) => {
        ids[n] = '';
        const cookie = await request(n, 'POST', `/sessions/${size}/${n}`);
        if (cookie === undefined) throw new Error('The response to a new session has no cookie.');
        ids[n] = cookie;
      });
    },
    async read(n) {
      await request(n, 'GET', '/');
    },
    async write(n) {
      await request(n, 'POST', '/page');
    },
    ids,
    async close() {
      await pool.close();
    },
  };
}
