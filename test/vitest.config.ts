import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const seeded = fileURLToPath(new URL('support/seeded.ts', import.meta.url))

/** Everything that needs nothing but Node: `npm test`. Real servers and clients are in test/interop. */
export default defineConfig({
  plugins: [
    {
      name: 'fast-check with a seed',
      enforce: 'pre',
      resolveId: (id, importer) => (id === 'fast-check' && importer !== seeded ? seeded : undefined),
    },
  ],
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
