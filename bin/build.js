// Bundles src/ into dist/: one start file for the command line, one for the library, one for the compression worker.
// Dependencies are bundled too, so that an installed bp-package loads few files and starts fast.
import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { build } from 'esbuild'

const root = new URL('..', import.meta.url).pathname

/** libdeflate's wrapper would listen for the exceptions of the whole process, which is not a library's business. */
const quietLibdeflate = {
  name: 'quiet-libdeflate',
  setup: ({ onLoad }) =>
    onLoad({ filter: /libdeflate\.wasm\.mjs$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8')
      const contents = text.replaceAll(/process\["on"\]\("(?:uncaughtException|unhandledRejection)",function\(\w+\)\{(?:[^{}]|\{[^{}]*\})*\}\);/g, '')
      if (contents.includes('process["on"]') || contents === text) throw new Error(`${path} listens to the process in another way than it did`)
      return { contents, loader: 'js' }
    }),
}
const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.18',
  outdir: 'dist',
  legalComments: 'none',
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'warning',
  metafile: true,
  plugins: [quietLibdeflate],
  // Some bundled dependencies are CommonJS and call require() for Node's own modules.
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
}

const bundles = [
  await build({
    ...shared,
    entryPoints: { 'cli/main': 'src/cli/main.ts', index: 'src/index.ts' },
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
  }),
  await build({ ...shared, entryPoints: { 'compress-worker': 'src/layers/compress-worker.ts' }, minify: true }),
]
removeStale(bundles)
writeFileSync(`${root}dist/THIRD-PARTY-NOTICES.txt`, notices(bundles))

const tsc = createRequire(import.meta.url).resolve('typescript/package.json').replace(/package\.json$/, 'bin/tsc')
execFileSync(process.execPath, [tsc, '-p', 'bin/tsconfig.types.json'], { cwd: root, stdio: 'inherit' })

/** What an earlier build left; only after the new files are there, so that a program that runs meanwhile finds its own. */
function removeStale(results) {
  const made = new Set(results.flatMap((result) => Object.keys(result.metafile.outputs)))
  for (const entry of readdirSync(`${root}dist`, { recursive: true, withFileTypes: true })) {
    const path = relative(root, join(entry.parentPath, entry.name))
    if (entry.isFile() && !path.startsWith('dist/types/') && !made.has(path)) rmSync(`${root}${path}`)
  }
}

/** The licence of each package that is in a bundle, as its licence asks. One without a licence file stops the build. */
function notices(results) {
  const inputs = results.flatMap((result) => Object.keys(result.metafile.inputs))
  const folders = new Set(inputs.flatMap((input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? []))
  const parts = [...folders].sort((a, b) => (a < b ? -1 : 1)).map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8'))
    const file = readdirSync(`${root}${folder}`).find((entry) => /^licen[cs]e/i.test(entry))
    const text = file === undefined ? readme(folder) : readFileSync(`${root}${folder}/${file}`, 'utf8')
    if (text === undefined) throw new Error(`${name} is bundled and has no licence file`)
    return `${name} ${version} (${license})\n\n${text.trim()}\n`
  })
  return parts.join(`\n${'-'.repeat(80)}\n\n`)
}

/** Some packages keep their licence at the end of their README. */
function readme(folder) {
  const file = readdirSync(`${root}${folder}`).find((entry) => /^readme/i.test(entry))
  const text = file === undefined ? '' : readFileSync(`${root}${folder}/${file}`, 'utf8')
  return /#+ *licen[cs]e[\s\S]*$/i.exec(text)?.[0]
}
