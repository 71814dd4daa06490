import { test } from '@jest/globals';
import { describeWithChromium } from '../demo/fixture';
import { expectGoodLooks } from '../looks';
import { InspectorStack } from './fixture';

describeWithChromium('the inspector', () => {
  const inspector = new InspectorStack();

  test('its page is accessible and fits, in light and dark, wide and narrow', async () => {
    await expectGoodLooks(await inspector.visit(), 'inspector-page');
  });
});
