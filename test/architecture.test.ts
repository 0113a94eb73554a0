import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = new URL('../src/', import.meta.url).pathname

/** Rooms from the top of the house down; those on one line stay apart (ARCHITECTURE.md). */
const floors: readonly (readonly string[])[] = [
  ['cli'],
  ['package', 'builder', 'manifests', 'inspect', 'vendor'],
  ['publish'],
  ['buildpacks'],
  ['layers', 'stores', 'targets', 'config'],
  ['registry', 'docker'],
  ['oci', 'tar'],
  ['folders.ts', 'host-files.ts'],
  ['errors.ts', 'events.ts', 'escape.ts', 'quantities.ts', 'undici.ts', 'undici-parts.d.ts'],
]

/** Ways between neighbours, or past a floor, that the picture allows. */
const passages: readonly { readonly from: RegExp; readonly to: RegExp }[] = [
  // How targets are declared, and the name nearest to a misspelt one: both pure.
  { from: /^targets\//, to: /^config\/(target|buildpack|suggest)\.ts$/ },
  // An event names a blob by its digest, which is a type and nothing more.
  { from: /^events\.ts$/, to: /^oci\/digest\.ts$/ },
]

/** Who may look into the rooms that speak to a network. */
const networkDoors = /^(registry|docker|stores)\/|^cli\/context\.ts$/

interface Import {
  readonly from: string
  readonly to: string
}

const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .sort()

/** Static, type-only, dynamic and re-exporting imports, and workers started from a URL. */
const importPattern = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+|new URL\(\s*)'(\.{1,2}\/[^']+)'/g

function importsOf(file: string, text = readFileSync(join(root, file), 'utf8')): Import[] {
  return Array.from(text.matchAll(importPattern), ([, path = '']) => ({ from: file, to: relative(root, join(root, dirname(file), path)) }))
}

const inside = ({ to }: Import): boolean => !to.startsWith('..')
const imports = files.flatMap((file) => importsOf(file)).filter(inside)

function roomOf(path: string): string {
  return path.split('/')[0] ?? path
}

function floorOf(path: string): number {
  return floors.findIndex((rooms) => rooms.includes(roomOf(path)))
}

function isAllowed({ from, to }: Import): boolean {
  if (from === 'index.ts' || roomOf(from) === roomOf(to)) return true
  if (passages.some((passage) => passage.from.test(from) && passage.to.test(to))) return true
  if (['registry', 'docker'].includes(roomOf(to)) && !networkDoors.test(from)) return false
  return floorOf(from) < floorOf(to)
}

const show = ({ from, to }: Import): string => `${from} -> ${to}`

describe('the house', () => {
  test('has no room that the picture does not know', () => {
    expect(files.filter((file) => file !== 'index.ts' && floorOf(file) < 0)).toEqual([])
  })

  test('imports go downwards only, and rooms on one line stay apart', () => {
    expect(imports.filter((one) => !isAllowed(one)).map(show)).toEqual([])
  })

  test('no import leads out of src, but for the package itself and what is bundled', () => {
    const out = files.flatMap((file) => importsOf(file)).filter((one) => !inside(one))
    expect(out.filter(({ to }) => to !== '../package.json' && !to.startsWith('../node_modules/')).map(show)).toEqual([])
  })

  test('every import names a file that is there, with its ending', () => {
    expect(imports.filter(({ to }) => !files.includes(to)).map(show)).toEqual([])
  })

  test('no file can reach itself through its imports', () => {
    expect(files.filter((file) => reachable(file).has(file))).toEqual([])
  })

  test('a plan loads nothing that reads files or speaks to a network, however far down', () => {
    const plans = files.filter((file) => file.endsWith('/plan.ts'))
    expect(plans).toContain('package/plan.ts')
    expect(plans.flatMap((plan) => [...reachable(plan)].filter(doesInput).map((to) => show({ from: plan, to })))).toEqual([])
    expect(plans.filter(doesInput)).toEqual([])
  })

  test('config, targets and oci are pure: they read no file and open no connection', () => {
    const pure = new Set(['config', 'targets', 'oci', 'errors.ts', 'events.ts'])
    expect(files.filter((file) => pure.has(roomOf(file)) && doesInput(file))).toEqual([])
  })

  test('only the command line reads the process', () => {
    const readers = files.filter((file) => roomOf(file) !== 'cli' && /(?<![\w.'"-])process\.|'(node:)?process'/.test(code(file)))
    expect(readers).toEqual([])
  })

  test('only the command line writes to a terminal', () => {
    expect(files.filter((file) => roomOf(file) !== 'cli' && /\bconsole\./.test(code(file)))).toEqual([])
  })
})

describe('the reader of imports', () => {
  test('sees every form an import has', () => {
    const text = [
      "import { a } from '../x/a.ts'",
      "import type { B } from './b.ts'",
      "export { c } from './c.ts'",
      "const d = await import('./d.ts')",
      "import './e.ts'",
      "new Worker(new URL('./f.ts', import.meta.url))",
      "import fs from 'node:fs'",
    ].join('\n')
    expect(importsOf('room/file.ts', text).map(({ to }) => to)).toEqual(['x/a.ts', 'room/b.ts', 'room/c.ts', 'room/d.ts', 'room/e.ts', 'room/f.ts'])
  })

  test.each([
    ['oci/digest.ts', 'stores/layout.ts'],
    ['layers/tar.ts', 'stores/layout.ts'],
    ['package/run.ts', 'registry/client.ts'],
    ['package/run.ts', 'builder/run.ts'],
    ['stores/copy.ts', 'cli/print.ts'],
    ['targets/root.ts', 'config/toml.ts'],
  ])('would refuse %s -> %s', (from, to) => {
    expect(isAllowed({ from, to })).toBe(false)
  })
})

/** Whether a file itself has to do with the world outside of memory. */
function doesInput(file: string): boolean {
  return /'node:(fs|net|tls|http|https|dns|child_process|worker_threads|os)\b|'undici'/.test(code(file))
}

/** Everything that loading `file` loads; an import of types alone loads nothing. */
function reachable(file: string): Set<string> {
  const seen = new Set<string>()
  const open = [file]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const { from, to } of imports) {
      if (from !== next || seen.has(to) || isTypeOnly(from, to)) continue
      seen.add(to)
      open.push(to)
    }
  }
  return seen
}

function isTypeOnly(from: string, to: string): boolean {
  const statements = readFileSync(join(root, from), 'utf8').match(/(?:import|export)\b[^;'"]*?from\s*'[^']+'|import\s*\(\s*'[^']+'|import\s+'[^']+'/g) ?? []
  const relevant = statements.filter((statement) => importsOf(from, statement).some((one) => one.to === to))
  return relevant.length > 0 && relevant.every((statement) => /^(import|export)\s+type\b/.test(statement))
}

/** A file without its comments, so that a word in prose counts for nothing. */
function code(file: string): string {
  return readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}
