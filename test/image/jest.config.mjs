import config from '../../jest.config.mjs';

/** @type {import('jest').Config} For `npm run test:image`, which builds the images that these tests run. */
export default {
  ...config.projects[0],
  testMatch: ['<rootDir>/test/image/*.image.ts'],
  testTimeout: 60_000,
};
