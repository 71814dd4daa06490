import { AsyncLocalStorage } from 'node:async_hooks';
import { TestEnvironment } from 'jest-environment-node';
import './compile-once.mjs';

const enabled = new Set();
const { run, enterWith } = AsyncLocalStorage.prototype;

AsyncLocalStorage.prototype.run = function (...args) {
  enabled.add(this);
  return run.apply(this, args);
};
AsyncLocalStorage.prototype.enterWith = function (...args) {
  enabled.add(this);
  return enterWith.apply(this, args);
};

/**
 * Disables what a test file used of AsyncLocalStorage, such as those of web frameworks. Otherwise, every promise of the files that the
 * same worker runs later is passed on to all of them.
 */
export default class extends TestEnvironment {
  async teardown() {
    await super.teardown();
    for (const storage of enabled) storage.disable();
    enabled.clear();
  }
}
