import config from '../../jest.config.mjs';

/** @type {import('jest').Config} For `npm run test:cluster`, which starts the Kubernetes that these tests use. */
export default {
  ...config.projects[0],
  testMatch: ['<rootDir>/test/cluster/*.cluster.ts'],
  testTimeout: 300_000,
};
