import { beforeEach, describe, expect, test } from '@jest/globals';
import { testDomain } from '../../support/chromium';
import { until } from '../../support/poll';
import { recordsIn } from '../../support/redis-inspection';
import { DemoStack, describeWithChromium, factOn, messagesOn, press, recordOn, signIn } from './fixture';

describeWithChromium('in the demo', () => {
  const demo = new DemoStack();

  beforeEach(async () => {
    await demo.redis.admin.flushdb();
  });

  describe('a forged form', () => {
    test('without a token is refused, and changes nothing', async () => {
      const page = await demo.visitor();
      await signIn(page, 'Ada');
      await page.goto('/forged');
      const before = await recordOn(page);
      const [answer] = await Promise.all([page.waitForEvent('response'), press(page, 'Send it')]);
      expect(answer.status()).toBe(403);
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Refused');
      expect(before).toMatchObject({ state: 'stored', data: { name: 'Ada' } });
      expect(await recordOn(page)).toEqual(before);
    });

    test('on another origin is refused, although the browser sends the cookie', async () => {
      const page = await demo.visitor();
      await signIn(page, 'Ada');
      const before = await recordOn(page);
      // A page of the same site, for which SameSite is no obstacle.
      const other = `http://blog.${testDomain}/`;
      const form = `<form method="post" action="${demo.url}/cart"><input name="tea" value="puerh"><button>Win</button></form>`;
      await page.route(other, (route) => route.fulfill({ contentType: 'text/html', body: form }));
      await page.goto(other);
      const [request] = await Promise.all([page.waitForRequest(`${demo.url}/cart`), press(page, 'Win')]);
      expect(await request.headerValue('cookie')).toContain('session_sidecar=');
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Refused');
      expect(await recordOn(page)).toEqual(before);
    });
  });

  describe('a session', () => {
    test('that ends during a slow request does not come back', async () => {
      const slow = await demo.visitor();
      await signIn(slow, 'Ada');
      await press(slow, 'Add Sencha to the cart');
      await slow.goto('/cart');
      const other = await slow.context().newPage();
      await other.goto('/');
      const keys = Object.keys(await recordsIn(demo.redis));

      const paid = press(slow, 'Pay €9');
      const finishPayment = await until('the payment to begin', () => demo.payments.shift());
      await press(other, 'Sign out');
      expect(await messagesOn(other)).toEqual(['You are signed out.']);
      finishPayment();
      await paid;

      expect(await slow.getByRole('heading', { level: 1 }).textContent()).toBe('Your session has ended');
      expect(await recordOn(slow)).toMatchObject({ state: 'ended' });
      expect(await demo.redis.admin.exists(...keys)).toBe(0);
      await slow.goto('/');
      expect(await slow.getByRole('link', { name: 'Sign in' }).count()).toBe(1);
      expect(await recordOn(slow)).toMatchObject({ state: 'stored', data: {} });
    });

    test('that expires is gone, and the visitor starts anew', async () => {
      const page = await demo.visitor();
      await signIn(page, 'Ada');
      const [key = ''] = Object.keys(await recordsIn(demo.redis));
      const before = await demo.redis.admin.pttl(key);
      await press(page, 'End this session soon');
      const after = await demo.redis.admin.pttl(key);
      // The idle timeout of ten seconds, and the touch interval.
      expect([before > 600_000, after > 0, after <= 70_000]).toEqual([true, true, true]);

      // The rest of the time, at once.
      await demo.redis.admin.pexpire(key, 1);
      await until('the session to expire', async () => (await demo.redis.admin.exists(key)) === 0);
      await page.goto('/');
      expect(await recordOn(page)).toMatchObject({ state: 'ended' });
      expect(await factOn(page, 'This page', 'Cookie')).toBe('unchanged');
      expect(await page.getByRole('link', { name: 'Sign in' }).count()).toBe(1);
      await signIn(page, 'Ada');
      expect(await recordOn(page)).toMatchObject({ state: 'stored', data: { name: 'Ada' } });
    });
  });
});
