/* oxlint-disable typescript/no-require-imports -- jest loads this file with require() */
const { statSync } = require('node:fs');
const { default: JestRuntime } = require('jest-runtime');

/** What this worker has read, by path. */
const known = new Map();

/** The sources of one test file. Jest reads all of them anew for each. */
class Sources extends Map {
  get(path) {
    const own = super.get(path);
    if (own !== undefined) return own;
    const read = known.get(path);
    return read?.modified === modifiedAt(path) ? read?.source : undefined;
  }

  set(path, source) {
    known.set(path, { source, modified: modifiedAt(path) });
    return super.set(path, source);
  }
}

/** In ms; `undefined`: there is no such file. Files change between two runs of `jest --watch`. */
function modifiedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

/** Has a worker read each file once. */
class Runtime extends JestRuntime {
  constructor(config, environment, resolver, transformer, sources, ...others) {
    super(config, environment, resolver, transformer, new Sources(sources), ...others);
  }
}

module.exports = { default: Runtime, __esModule: true };
