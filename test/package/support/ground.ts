import { lstat, mkdir, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Event } from '../../../src/events.ts'
import type { PackageOptions } from '../../../src/package/options.ts'
import type { RunResult } from '../../../src/publish/options.ts'
import { packageBuildpack } from '../../../src/package/run.ts'
import type { InlineFiles, Tree } from '../../support/tree/tree.ts'
import { inlineTree } from '../../support/tree/tree.ts'

export const program = { content: '#!/bin/sh\n', mode: 0o755 }

/** buildpack.toml for these targets. */
export function tomlFor(...targets: readonly string[]): string {
  const tables = targets.map((target) => {
    const [os, arch] = target.split('/')
    return `[[targets]]\nos = "${os}"\narch = "${arch}"\n`
  })
  return `api = "0.10"\n[buildpack]\nid = "acme/hello"\nversion = "1.0.0"\n${tables.join('')}`
}

/** One root for two targets. */
export const shared: InlineFiles = { 'buildpack.toml': tomlFor('linux/amd64', 'linux/arm64'), 'bin/build': program, 'bin/detect': program }

/** A root for each of two targets. */
export const separate: InlineFiles = {
  'buildpack.toml': tomlFor('linux/amd64', 'linux/arm64'),
  'linux/amd64/bin/build': { content: '#!/bin/sh\necho amd64\n', mode: 0o755 },
  'linux/amd64/bin/detect': program,
  'linux/arm64/bin/build': { content: '#!/bin/sh\necho arm64\n', mode: 0o755 },
  'linux/arm64/bin/detect': program,
}

/** A place of a test's own: the author's folder `bp`, a home, a folder for temporary files, and what was reported. */
export interface Ground extends AsyncDisposable {
  readonly tree: Tree
  /** The author's folder. */
  readonly bp: string
  readonly temporary: string
  readonly cache: string
  readonly events: Event[]
  readonly options: PackageOptions
  run(rest?: Partial<PackageOptions>): Promise<RunResult>
}

export async function openGround(files: InlineFiles = shared): Promise<Ground> {
  const tree = await inlineTree(Object.fromEntries(Object.entries(files).map(([path, file]) => [`bp/${path}`, file])))
  const [bp, home, temporary] = [join(tree.path, 'bp'), join(tree.path, 'home'), join(tree.path, 'temporary')]
  for (const folder of [home, temporary]) await mkdir(folder)
  const events: Event[] = []
  const options: PackageOptions = {
    cwd: tree.path,
    path: 'bp',
    output: 'out.oci',
    env: { HOME: home, TMPDIR: temporary },
    hostArch: 'amd64',
    destination: 'layout',
    cache: false,
    onEvent: (event) => events.push(event),
  }
  const run = (rest: Partial<PackageOptions> = {}): Promise<RunResult> => {
    const { output: _output, ...others } = options
    // With a push an output asks for a layout beside it.
    return packageBuildpack(rest.destination === 'registry' ? { ...others, ...rest } : { ...options, ...rest })
  }
  return { tree, bp, temporary, cache: join(home, '.cache', 'bp-package'), events, options, run, [Symbol.asyncDispose]: () => tree.remove() }
}

export function eventsOf<Type extends Event['type']>(ground: Ground, type: Type): readonly Extract<Event, { readonly type: Type }>[] {
  return ground.events.filter((event): event is Extract<Event, { readonly type: Type }> => event.type === type)
}

/** What each path is, and when it was last changed; the folder itself too. Two equal ones: nobody wrote there. */
export async function times(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const name of ['.', ...(await readdir(folder, { recursive: true })).sort()]) {
    const { mtimeMs, ctimeMs, size, mode, ino } = await lstat(join(folder, name))
    found[name] = [mtimeMs, ctimeMs, size, mode, ino].join(' ')
  }
  return found
}

interface Manifest {
  readonly mediaType: string
  readonly config: { readonly digest: string }
  readonly manifests?: readonly { readonly digest: string; readonly platform?: unknown; readonly annotations?: unknown }[]
  readonly layers: readonly { readonly digest: string; readonly mediaType: string }[]
  readonly annotations?: Readonly<Record<string, string>>
}

interface Config {
  readonly created: string
  readonly architecture: string
  readonly history: readonly { readonly created: string }[]
  readonly config: { readonly Labels: Readonly<Record<string, string>> }
  readonly rootfs: { readonly diff_ids: readonly string[] }
}

/** Reads a layout by the plain rules of the image-spec. */
export async function readLayout(folder: string, digest: string): Promise<{ root: Manifest; images: { manifest: Manifest; config: Config }[] }> {
  const blob = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(folder, 'blobs/sha256', name.slice('sha256:'.length)), 'utf8'))
  const root = (await blob(digest)) as Manifest
  const manifests = root.manifests === undefined ? [root] : await Promise.all(root.manifests.map(async (child) => (await blob(child.digest)) as Manifest))
  const images = await Promise.all(manifests.map(async (manifest) => ({ manifest, config: (await blob(manifest.config.digest)) as Config })))
  return { root, images }
}
