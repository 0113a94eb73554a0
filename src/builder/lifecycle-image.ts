import { createWriteStream } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { PackageReader, listPlatforms } from '../buildpacks/image.ts'
import { PackagerError } from '../errors.ts'
import type { Entries, LayerEntry } from '../layers/entries.ts'
import type { UnpackLimits } from '../layers/unpack-limits.ts'
import { unpack } from '../layers/unpack.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { formatReference, tagOf } from '../oci/reference.ts'
import type { Source } from '../stores/store.ts'
import { formatTarget } from '../targets/grammar.ts'
import { nearestImage } from '../targets/nearest-image.ts'
import type { Target } from '../targets/target.ts'
import type { LifecycleAddress } from './lifecycle-address.ts'
import type { LifecycleFiles } from './lifecycle-files.ts'
import { firstBytes, lifecycleBinaries } from './lifecycle-files.ts'

export interface LifecycleImageContext {
  readonly openRepository: (registry: string, repository: string) => Promise<Source>
  readonly spool: () => Promise<string>
  readonly limits: UnpackLimits
  readonly signal: AbortSignal | undefined
}

/** An image of an index for one target. */
export interface LifecycleImage {
  readonly content: Source
  readonly manifest: Descriptor
  readonly reader: PackageReader
  readonly shown: string
}

/**
 * Finds the lifecycle's image for a target: of an index the nearest one, else the image itself where it is for that platform.
 *
 * @throws PackagerError `UNSUPPORTED` with the platforms that there are
 */
export async function findLifecycleImage({ reference, shown }: Extract<LifecycleAddress, { kind: 'image' }>, target: Target, context: LifecycleImageContext): Promise<LifecycleImage> {
  const { registry, repository, digest } = reference
  const content = await context.openRepository(registry, repository)
  const root = await content.resolve(digest ?? tagOf(reference), context.signal)
  const reader = new PackageReader(content, formatReference(reference), context.signal)
  const children = await reader.entries(root)
  const manifest = nearestImage(children, target)
  if (manifest !== undefined) return { content, manifest, reader, shown }
  throw new PackagerError({
    code: 'UNSUPPORTED',
    step: 'find lifecycle',
    value: shown,
    found: children.length === 0 ? 'an index without images' : `images for ${listPlatforms(children)}`,
    wanted: `one for ${formatTarget(target)}`,
  })
}

/**
 * The lifecycle's files out of an image: what is below `/cnb/`, with that taken off. Layers are read from the top, and no
 * further down than is needed for the descriptor and all programs; what an upper layer has or removes hides what is below it.
 */
export async function readLifecycleImage({ content, manifest, reader, shown }: LifecycleImage, context: LifecycleImageContext): Promise<LifecycleFiles> {
  const layers = await reader.layers(manifest)
  const found = new Overlay()
  for (const layer of layers.toReversed()) {
    if (found.isWhole) break
    const archive = join(await mkdtemp(join(await context.spool(), 'lifecycle-')), 'layer')
    await pipeline(await content.open(layer, context.signal), createWriteStream(archive, { flags: 'wx' }), { signal: context.signal })
    const { entries } = await unpack(archive, `${archive}.contents`, context.signal, { ...context.limits, rooted: true, stamps: true }, `${shown} layer ${layer.digest}`)
    found.add(entries)
  }
  return { shown, toml: await found.toml(), entries: found.entries }
}

const top = 'cnb/'
const largestToml = 1024 ** 2

/** The whole tree may be taken away from above: by its name, with all that the root has, or by something else in its place. */
function hidesAll({ name, type }: LayerEntry): boolean {
  return name === '.wh.cnb' || name === '.wh..wh..opq' || (name === 'cnb' && type !== 'folder')
}

/** Layers laid over each other, the topmost first. */
class Overlay {
  readonly entries: LayerEntry[] = []
  readonly #names = new Set<string>()
  /** Names below which nothing of a lower layer is seen. */
  readonly #hidden = new Set<string>()

  get isWhole(): boolean {
    const has = (name: string): boolean => this.entries.some((entry) => entry.name === name || entry.name.endsWith(`/${name}`))
    return this.#names.has('lifecycle.toml') && lifecycleBinaries.every(has)
  }

  add(layer: Entries): void {
    const hiding: string[] = []
    for (const entry of layer) {
      if (hidesAll(entry)) hiding.push('')
      else if (entry.name.startsWith(top) && !this.#isHidden(entry.name.slice(top.length))) this.#take(entry, entry.name.slice(top.length), hiding)
    }
    for (const name of hiding) this.#hidden.add(name)
  }

  async toml(): Promise<Buffer | undefined> {
    const entry = this.entries.find(({ name, type }) => name === 'lifecycle.toml' && type === 'file')
    return entry === undefined || entry.size > largestToml ? undefined : firstBytes(entry, entry.size)
  }

  #take(entry: LayerEntry, name: string, hiding: string[]): void {
    const slash = name.lastIndexOf('/') + 1
    const last = name.slice(slash)
    if (last === '.wh..wh..opq') hiding.push(name.slice(0, Math.max(0, slash - 1)))
    else if (last.startsWith('.wh.')) hiding.push(name.slice(0, slash) + last.slice('.wh.'.length))
    else if (!this.#names.has(name)) {
      this.#names.add(name)
      const link = entry.type === 'hardlink' && entry.link.startsWith(top) ? entry.link.slice(top.length) : entry.link
      this.entries.push({ ...entry, name, link })
      if (entry.type !== 'folder') hiding.push(name)
    }
  }

  #isHidden(name: string): boolean {
    if (this.#hidden.has('')) return true
    for (let end = name.indexOf('/'); end !== -1; end = name.indexOf('/', end + 1)) if (this.#hidden.has(name.slice(0, end))) return true
    return this.#hidden.has(name)
  }
}
