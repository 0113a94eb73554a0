import { defineConfig } from 'vitest/config'

/** Everything that needs nothing but Node: `npm test`. Real servers and clients are in test/interop. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
  },
})
