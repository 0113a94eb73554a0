import { defineConfig } from 'vitest/config'

/** Real registries and clients, one file after another: `npm run test:interop`. A program that is missing is a failure. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/interop/**/*.test.ts'],
    globalSetup: ['test/interop/support/global-setup.ts'],
    testTimeout: 180_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
})
