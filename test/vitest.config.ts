import { defineConfig } from 'vitest/config'

/** Everything that needs nothing but Node: `npm test`. Real servers and clients are in test/interop. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**'],
    // For what hangs: a machine that is busy takes several times as long as one that is not.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
})
