import { availableParallelism } from 'node:os';

/** Packages that are or import ES modules, which jest cannot load as they are. */
const esModules = '/node_modules/(@fastify/cookie|d3-shape|d3-path)/';

/** @type {import('jest').Config} */
const common = {
  rootDir: import.meta.dirname,
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '\\.(lua|css|browser\\.js)$': '<rootDir>/test/support/text-transform.cjs',
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
    [esModules]: ['@swc/jest', { jsc: { target: 'es2022' }, module: { type: 'commonjs' } }],
  },
  testEnvironment: '<rootDir>/test/support/environment.mjs',
  runtime: '<rootDir>/test/support/runtime.cjs',
  setupFilesAfterEnv: ['<rootDir>/test/support/compare-bytes.ts'],
  // Tests import what they use. Otherwise, jest makes an object of functions for each module.
  injectGlobals: false,
  transformIgnorePatterns: [`^(?!.*${esModules}).*/node_modules/`],
  // Sources, not builds: a test run needs no build and shows source lines. test/process/ runs the built files as children.
  moduleNameMapper: {
    // TypeScript wants the extension in dynamic imports. Scripts for browsers are files of that name.
    '^(\\.{1,2}/.*)(?<!\\.browser)\\.js$': '$1',
    '^@session-sidecar/proto/(.*)$': '<rootDir>/proto/gen/$1',
    '^@session-sidecar/client$': '<rootDir>/client/src/index.ts',
    '^@session-sidecar/client/express-session$': '<rootDir>/client/src/express-session/index.ts',
    '^@session-sidecar/client/testing$': '<rootDir>/client/src/testing/index.ts',
    '^@session-sidecar/client/(.*)$': '<rootDir>/client/src/web/$1.ts',
  },
};

const promises = ['**/integration/promises/*.test.ts', '**/compatibility/old-records.test.ts'];
const cachingClient = {
  ...common.moduleNameMapper,
  '^@session-sidecar/client$': '<rootDir>/test/support/caching-client.ts',
};

/** @type {import('jest').Config} */
export default {
  projects: [
    common,
    // Nothing that is promised may depend on the caches being off.
    { ...common, displayName: 'near cache', testMatch: promises, globals: { nearCache: true } },
    {
      ...common,
      displayName: 'client cache',
      testMatch: promises,
      globals: { clientCache: true },
      moduleNameMapper: cachingClient,
    },
    {
      ...common,
      displayName: 'both caches',
      testMatch: promises,
      globals: { nearCache: true, clientCache: true },
      moduleNameMapper: cachingClient,
    },
  ],
  // Ends tests that hang. The speed of a machine must not matter.
  testTimeout: 300_000,
  // Tests wait for processes and for time to pass more than they compute.
  maxWorkers: availableParallelism() * 2,
  testSequencer: '<rootDir>/test/support/longest-first-sequencer.mjs',
  reporters: ['default', '<rootDir>/test/support/plain-summary-reporter.cjs'],
};
