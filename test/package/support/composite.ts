import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PackagerError, formatProblem } from '../../../src/errors.ts'
import type { Event } from '../../../src/events.ts'
import type { PackageOptions } from '../../../src/package/options.ts'
import type { RunResult } from '../../../src/publish/options.ts'
import { packageBuildpack } from '../../../src/package/run.ts'
import type { ReadOutput } from '../../support/read-back/output.ts'
import { readOutput } from '../../support/read-back/registry.ts'
import type { TestRegistry } from '../../support/registry/registry.ts'
import type { InlineFiles, Tree } from '../../support/tree/tree.ts'
import { inlineTree } from '../../support/tree/tree.ts'
import { program } from './ground.ts'

export interface Buildpack {
  /** In the grammar of `--target`, as far as os, arch and variant. */
  readonly targets?: readonly string[]
  /** More of its toml, after `[buildpack]`. */
  readonly toml?: string
  /** Beside bin; a path may lie in a platform's folder. */
  readonly files?: InlineFiles
}

/** A component's files, in a folder of its own: `component('hello', 'acme/hello@1')`. */
export function component(folder: string, name: string, { targets = [], toml = '', files = {} }: Buildpack = {}): InlineFiles {
  return below(folder, { 'bin/build': program, 'bin/detect': program, ...files, 'buildpack.toml': `${heading('buildpack', name)}${toml}${targetTables(targets)}` })
}

/** As {@link component}, with a root for each target; in each a file that is named for it. */
export function rooted(folder: string, name: string, targets: readonly string[]): InlineFiles {
  const roots = targets.map((target) => below(target, { 'bin/build': program, 'bin/detect': program, [`${target.replaceAll('/', '-')}.txt`]: name }))
  return below(folder, { ...Object.assign({}, ...roots), 'buildpack.toml': `${heading('buildpack', name)}${targetTables(targets)}` })
}

/** An extension's files; `detect` is all it needs. */
export function extension(folder: string, name: string): InlineFiles {
  return below(folder, { 'bin/detect': program, 'extension.toml': heading('extension', name) })
}

/** A composite's folder, its order one group of these members; `!` at the end of one makes it optional. */
export function composite(folder: string, name: string, members: readonly string[]): InlineFiles {
  const group = members.map((member) => {
    const [id = '', version = ''] = member.replace(/!$/, '').split('@')
    return `[[order.group]]\nid = "${id}"\nversion = "${version}"\n${member.endsWith('!') ? 'optional = true\n' : ''}`
  })
  return below(folder, { 'buildpack.toml': `${heading('buildpack', name)}[[order]]\n${group.join('')}` })
}

/** package.toml with these dependencies; `image = ...` writes the older key. */
export function packageToml(uri: string, dependencies: readonly string[], targets: readonly string[] = []): string {
  const entries = dependencies.map((dependency) => `[[dependencies]]\n${dependency.startsWith('image = ') ? dependency : `uri = "${dependency}"`}\n`)
  return `[buildpack]\nuri = "${uri}"\n${entries.join('')}${targetTables(targets)}`
}

function heading(kind: string, name: string): string {
  const [id, version] = name.split('@')
  return `api = "0.10"\n[${kind}]\nid = "${id}"\nversion = "${version}"\n`
}

function targetTables(targets: readonly string[]): string {
  const tables = targets.map((target) => {
    const [os, arch, variant] = target.split('/')
    return `[[targets]]\nos = "${os}"\narch = "${arch}"\n${variant === undefined ? '' : `variant = "${variant}"\n`}`
  })
  return tables.join('')
}

function below(folder: string, files: InlineFiles): InlineFiles {
  return Object.fromEntries(Object.entries(files).map(([path, file]) => [`${folder}/${path}`, file]))
}

/** A place of a test's own: a folder with the author's files, and what was reported. */
export interface Work extends AsyncDisposable {
  readonly path: string
  readonly events: Event[]
  readonly warnings: () => readonly string[]
  readonly run: (options: Partial<PackageOptions>) => Promise<RunResult>
  /** Publishes and reads back. `source` is `package.toml` by its name, or a folder. */
  readonly publish: (registry: TestRegistry, name: string, source: string, options?: Partial<PackageOptions>) => Promise<ReadOutput>
}

/** All that a failure says: its message, the problems line by line, and its hint. */
export async function refusal(run: Promise<unknown>): Promise<string> {
  const error = await run.then(
    () => new Error('no failure'),
    (cause: unknown) => cause,
  )
  if (!(error instanceof PackagerError)) throw error
  return [error.message, ...error.problems.map(formatProblem), ...(error.hint === undefined ? [] : [error.hint])].join('\n')
}

export async function openWork(files: InlineFiles): Promise<Work> {
  const tree: Tree = await inlineTree(files)
  const [home, temporary] = [join(tree.path, '.home'), join(tree.path, '.temporary')]
  for (const folder of [home, temporary]) await mkdir(folder)
  const events: Event[] = []
  const base: PackageOptions = { cwd: tree.path, env: { HOME: home, TMPDIR: temporary }, hostArch: 'amd64', destination: 'layout', cache: false, onEvent: (event) => events.push(event) }
  const run = (options: Partial<PackageOptions>): Promise<RunResult> => packageBuildpack({ ...base, ...options })
  const publish: Work['publish'] = async (registry, name, source, options = {}) => {
    await run({ destination: 'registry', name: `${registry.host}/${name}`, ...(source.endsWith('.toml') ? { config: source } : { path: source }), ...options })
    const [repository = '', tag = ''] = name.split(':')
    return readOutput(registry.host, repository, tag)
  }
  const warnings = (): readonly string[] => events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))
  return { path: tree.path, events, warnings, run, publish, [Symbol.asyncDispose]: () => tree.remove() }
}

/** The modules of an image in the order of their layers, by its label. */
export function modulesOf(output: ReadOutput, image = 0): readonly string[] {
  const found = output.images[image]
  const modules = ['buildpack', 'extension'].flatMap((kind) => {
    const label = (found?.labels[`io.buildpacks.${kind}.layers`]?.value ?? {}) as Readonly<Record<string, Readonly<Record<string, { readonly layerDiffID: string }>>>>
    return Object.entries(label).flatMap(([id, versions]) => Object.entries(versions).map(([version, { layerDiffID }]) => ({ name: `${id}@${version}`, at: found?.diff_ids.indexOf(layerDiffID) ?? -1 })))
  })
  return modules.sort((a, b) => a.at - b.at).map(({ name, at }) => (at === -1 ? `${name} in no layer` : name))
}

/** The names of the files in an image's layers, folders left out, without `/cnb/buildpacks/`. */
export function filesOf(output: ReadOutput, image = 0): readonly string[] {
  return (output.images[image]?.diff_ids ?? []).flatMap((diffID) =>
    (output.layers[diffID]?.entries ?? []).filter(({ type }) => type !== '5').map(({ name }) => name.replace(/^\/cnb\/(buildpacks|extensions)\//, '')),
  )
}
