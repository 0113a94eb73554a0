import { defineConfig } from 'vitest/config'

/** Real registries and clients, one file after another: `npm run test:interop`. A program that is missing is a failure. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/interop/**/*.test.ts'],
    globalSetup: ['test/interop/support/global-setup.ts'],
    // For what hangs: a machine that is busy takes several times as long as one that is not.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
})
