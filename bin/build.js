// Bundles src/ into dist/: one start file for the command line, one for the library, one for the compression worker.
// Dependencies are bundled too, so that an installed bp-package loads few files and starts fast.
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { build } from 'esbuild'

const root = new URL('..', import.meta.url).pathname
const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.18',
  outdir: 'dist',
  legalComments: 'linked',
  logLevel: 'warning',
  // Some bundled dependencies are CommonJS and call require() for Node's own modules.
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
}

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true })
await build({
  ...shared,
  entryPoints: { 'cli/main': 'src/cli/main.ts', index: 'src/index.ts' },
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
})
await build({ ...shared, entryPoints: { 'compress-worker': 'src/layers/compress-worker.ts' }, minify: true })

const tsc = createRequire(import.meta.url).resolve('typescript/package.json').replace(/package\.json$/, 'bin/tsc')
execFileSync(process.execPath, [tsc, '-p', 'bin/tsconfig.types.json'], { cwd: root, stdio: 'inherit' })
