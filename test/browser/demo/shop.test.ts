import { beforeEach, expect, test } from '@jest/globals';
import { until } from '../../support/poll';
import { DemoStack, describeWithChromium, factOn, messagesOn, press, recordOn, signIn } from './fixture';

describeWithChromium('the demo', () => {
  const demo = new DemoStack();

  beforeEach(async () => {
    await demo.redis.admin.flushdb();
  });

  test('keeps nothing of a visitor who only looks, and says so', async () => {
    const page = await demo.visitor();
    await page.goto('/');
    expect(await recordOn(page)).toMatchObject({ state: 'none' });
    expect(await factOn(page, 'This page', 'RPCs')).toBe('none');
    expect(await factOn(page, 'This page', 'Cookie')).toBe('none');
    expect(await page.context().cookies()).toEqual([]);
    expect(await demo.redis.admin.dbsize()).toBe(0);
  });

  test('says what a page cost, and the redirect to it', async () => {
    const page = await demo.visitor();
    await signIn(page, 'Ada');
    await page.goto('/');
    expect(await factOn(page, 'This page', 'RPCs')).toBe('1 GetSession');
    expect(await factOn(page, 'This page', 'Redis')).toBe('1 MGET');
    expect(await factOn(page, 'This page', 'Cookie')).toBe('unchanged');
    await press(page, 'Add Sencha to the cart');
    // A message waits for this page, so it pops the queue. Scripts are sent as EVAL the first time.
    expect(await factOn(page, 'This page', 'RPCs')).toBe('1 GetSession 1 UpdateSession');
    expect(await factOn(page, 'This page', 'Redis')).toMatch(/^1 MGET 1 EVAL(SHA)? 1 GET 1 SET 1 TIME$/);
    // One call to load the session, one to transform the cart, one for the message.
    expect(await factOn(page, 'The redirect to it', 'RPCs')).toBe('1 GetSession 2 UpdateSession');
    expect(await factOn(page, 'The redirect to it', 'Redis')).toMatch(/^1 MGET \d EVAL.* 2 GET 2 SET 2 TIME$/);
  });

  test('loses nothing when two tabs add at once, and shows each message once', async () => {
    const one = await demo.visitor();
    await signIn(one, 'Ada');
    const other = await one.context().newPage();
    await Promise.all([one.goto('/cart'), other.goto('/cart')]);
    const shown: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      demo.overlapNextTwo();
      await Promise.all([press(one, 'Sencha'), press(other, 'Oolong')]);
      shown.push(...(await messagesOn(one)), ...(await messagesOn(other)));
    }
    await one.goto('/cart');
    expect(await recordOn(one)).toMatchObject({ data: { basket: { sencha: 4, oolong: 4 } } });
    shown.push(...(await messagesOn(one)));
    const each = (message: string) => shown.filter((text) => text === message).length;
    expect([each('Sencha is in your cart.'), each('Oolong is in your cart.'), shown.length]).toEqual([4, 4, 8]);
  });

  test('loses nothing in its two windows side by side', async () => {
    const page = await demo.visitor();
    await page.goto('/windows');
    const [one, other] = ['Window one', 'Window two'].map((title) => page.frameLocator(`iframe[title="${title}"]`));
    const add = (tea: string) => ({ name: tea, exact: true });
    for (let round = 1; round <= 4; round += 1) {
      demo.overlapNextTwo();
      await Promise.all([
        one!.getByRole('button', add('Sencha')).click(),
        other!.getByRole('button', add('Oolong')).click(),
      ]);
      const inRow = (tea: string) => `tr:has-text("${tea}") td:text-is("${round}")`;
      await Promise.all([one!.locator(inRow('Sencha')).waitFor(), other!.locator(inRow('Oolong')).waitFor()]);
    }
    await page.goto('/cart');
    expect(await recordOn(page)).toMatchObject({ data: { basket: { sencha: 4, oolong: 4 } } });
  });

  test('shows a message once, in one tab', async () => {
    const one = await demo.visitor();
    await signIn(one, 'Ada');
    expect(await messagesOn(one)).toEqual(['Welcome, Ada.']);
    const other = await one.context().newPage();
    await other.goto('/');
    expect(await messagesOn(other)).toEqual([]);
    await one.reload();
    expect(await messagesOn(one)).toEqual([]);
  });

  test('works without script, from the first visit to the payment', async () => {
    const page = await demo.visitor({ javaScriptEnabled: false });
    await page.goto('/');
    await page.getByRole('link', { name: 'Choose Oolong' }).click();
    await press(page, 'Add to the cart');
    expect(await messagesOn(page)).toEqual(['Oolong is in your cart.']);
    await page.goto('/cart');
    const paid = press(page, 'Pay €14');
    (await until('the payment to begin', () => demo.payments.shift()))();
    await paid;
    expect(await messagesOn(page)).toEqual(['Thank you. Your tea is on its way.']);
  });

  test('shows what visitors type as text', async () => {
    const page = await demo.visitor();
    await signIn(page, '<b>Ada</b> & "Co"');
    expect(await page.locator('.name').textContent()).toBe('<b>Ada</b> & "Co"');
    expect(await messagesOn(page)).toEqual(['Welcome, <b>Ada</b> & "Co".']);
  });

  test('never shows the token', async () => {
    const page = await demo.visitor();
    await signIn(page, 'Ada');
    const [cookie] = await page.context().cookies();
    const secret = cookie!.value.slice(22, 43);
    for (const path of ['/', '/cart', '/forged', '/windows']) {
      await page.goto(path);
      expect(await page.content()).not.toContain(secret);
    }
  });
});
