import { beforeEach, expect, test } from '@jest/globals';
import type { SessionData } from '@session-sidecar/client/express';
import { createDemo } from '../../examples/demo/src/app';
import { createMeter } from '../../examples/demo/src/meter';
import { Browser, csrfTokenIn } from '../support/browser';
import { connect } from '../support/client';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();
const agents = {
  laptop: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  phone: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Safari/604.1',
  script: 'curl/8.5.0',
};

let url: string;

beforeEach(async () => {
  const sidecar = await stack.sidecar();
  const meter = stack.use(await createMeter({ metricsUrl: `${sidecar.httpUrl}/metrics`, redisUrl: undefined }));
  const client = stack.use(connect<SessionData>(sidecar));
  url = await stack.serve(createDemo({ client, meter, pay: () => Promise.resolve() }));
});

async function signIn(name: string, agent: string): Promise<Browser> {
  const browser = new Browser(url);
  const form = await browser.text('/sign-in');
  const headers = { 'User-Agent': agent };
  await browser.post('/sign-in', { csrf_token: csrfTokenIn(form), name }, { headers });
  return browser;
}

/** The rows of the list: device, and the handle that its button sends, or the text instead of a button. */
async function devicesOf(browser: Browser): Promise<Record<string, string>> {
  const rows = (await browser.text('/devices')).split('<tr>').slice(2);
  return Object.fromEntries(
    rows.map((row) => [
      /<th scope="row">([^<]*)</.exec(row)?.[1] ?? '',
      /name="handle" value="([^"]+)"/.exec(row)?.[1] ?? /<td>(This device)</.exec(row)?.[1] ?? '',
    ]),
  );
}

async function send(browser: Browser, path: string, fields: Record<string, string> = {}): Promise<string> {
  return (await browser.post(path, { csrf_token: csrfTokenIn(await browser.text('/devices')), ...fields })).text();
}

const laptopName = 'Firefox on Linux, 127.0.0.1';
const phoneName = 'Safari on iPhone, 127.0.0.1';

test('the demo lists the devices of a visitor, and signs out one of them', async () => {
  const [laptop, phone] = [await signIn('Ada', agents.laptop), await signIn('Ada', agents.phone)];
  await signIn('Bob', agents.laptop);
  const devices = await devicesOf(laptop);
  expect(devices).toEqual({ [laptopName]: 'This device', [phoneName]: expect.stringMatching(/^[\w-]{22}$/) });
  const answer = await send(laptop, '/devices/sign-out', { handle: devices[phoneName]! });
  expect(answer).toContain('That device is signed out.');
  expect(await devicesOf(laptop)).toEqual({ [laptopName]: 'This device' });
  expect(await phone.text('/')).toContain('href="/sign-in"');
  expect((await phone.fetch('/devices')).url).toBe(`${url}/sign-in`);
});

test('the demo signs out everywhere else', async () => {
  const [laptop, phone] = [await signIn('Ada', agents.laptop), await signIn('Ada', agents.phone)];
  const [script, other] = [await signIn('Ada', agents.script), await signIn('Bob', agents.phone)];
  expect(Object.keys(await devicesOf(phone)).sort()).toEqual(['Another program, 127.0.0.1', laptopName, phoneName]);
  expect(await send(phone, '/devices/sign-out-others')).toContain('All other devices are signed out.');
  expect(await devicesOf(phone)).toEqual({ [phoneName]: 'This device' });
  for (const browser of [laptop, script]) expect(await devicesOf(browser)).toEqual({});
  expect(await devicesOf(other)).toEqual({ [phoneName]: 'This device' });
});

test('in the demo, a visitor cannot sign out the device of another', async () => {
  const [ada, bob] = [await signIn('Ada', agents.laptop), await signIn('Bob', agents.phone)];
  await signIn('Ada', agents.phone);
  const { [phoneName]: handle = '' } = await devicesOf(ada);
  expect(handle).toMatch(/^[\w-]{22}$/);
  expect(await send(bob, '/devices/sign-out', { handle })).toContain('That device was signed out already.');
  expect((await ada.post('/devices/sign-out', { handle })).status).toBe(403);
  expect(Object.keys(await devicesOf(ada))).toHaveLength(2);
});
