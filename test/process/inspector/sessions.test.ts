import { beforeAll, expect, test } from '@jest/globals';
import type { ServingProcess } from '../../support/process';
import { connectRaw, mutation } from '../../support/raw-grpc';
import type { RawClient } from '../../support/raw-grpc';
import { stackForAllTests } from '../../support/stack';
import { ask, form, inspected } from './fixture';

const stack = stackForAllTests();
let sidecar: ServingProcess;
let client: RawClient;

beforeAll(async () => {
  sidecar = await stack.process({ settings: { ...inspected, INSPECTOR_SUBJECTS: 'on', LOG_LEVEL: 'debug' } });
  client = stack.use(connectRaw(sidecar.address));
});

const search = (subject: string, headers: Record<string, string> = {}) =>
  ask(sidecar, '/sessions', { method: 'POST', ...form({ subject }, headers) });

test('lists the sessions of a subject, and nothing that gives access to them or is in them', async () => {
  const subject = 'MARKsubject <é>';
  const mutations = [mutation.set('MARKkey', '"MARKvalue"')];
  const { token, session } = await client.call('createSession', { subject, label: 'phone & <co>', mutations });
  await client.call('createSession', { subject: 'another' });

  const { status, body } = await search(subject);
  const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
  expect(status).toBe(200);
  expect(JSON.parse(body)).toEqual({
    subject,
    sessions: [
      {
        ...{ handle: session!.handle, label: 'phone & <co>', version: 1 },
        ...{ created: iso, accessed: iso, expires: iso },
      },
    ],
    hasMore: false,
  });
  const page = await search(subject, { accept: 'text/html,*/*;q=0.8' });
  expect(page.body).toContain('phone &amp; &lt;co&gt;');
  expect(page.body).toContain(session!.handle);
  for (const text of [body, page.body]) {
    for (const secret of ['MARKkey', 'MARKvalue', token.slice(22), session!.csrfToken])
      expect(text).not.toContain(secret);
  }
  expect(JSON.parse((await search('nobody')).body)).toEqual({ subject: 'nobody', sessions: [], hasMore: false });
  expect(JSON.stringify(sidecar.log())).not.toContain('MARK');
});

test.each(['', 'a\nb', 'x'.repeat(257)])('says what is wrong with the subject %j', async (subject) => {
  const { status, body } = await search(subject);
  expect({ status, body }).toEqual({ status: 400, body: expect.stringMatching(/^The request is invalid\. subject: /) });
});

test('answers no page of another site, and no subject in a URL', async () => {
  expect((await search('ada', { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  expect((await ask(sidecar, '/sessions?subject=ada')).status).toBe(405);
});
