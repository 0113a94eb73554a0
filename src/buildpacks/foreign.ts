import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { PackagerError } from '../errors.ts'
import type { EntryTable } from '../layers/entry-table.ts'
import { displayName } from '../layers/entries.ts'
import { bytesOfText } from '../layers/names.ts'
import { defaultLimits } from '../layers/unpack-limits.ts'
import { unpack } from '../layers/unpack.ts'
import type { Digest } from '../oci/digest.ts'
import { ociLayer } from '../oci/media-types.ts'
import { moduleLayer } from './layer.ts'
import type { ForeignModule, Listing } from './listing.ts'
import { moduleName } from './module.ts'

interface OpenLayer {
  readonly diffID: string
  readonly entries: EntryTable
}

/** Reads foreign layers for a package that is flattened, each once whatever number of modules it holds. */
export class ForeignLayers {
  readonly #folder: string
  readonly #signal: AbortSignal | undefined
  readonly #stamps: boolean
  readonly #layers = new Map<Digest, Promise<OpenLayer>>()

  /**
   * @param folder the run's own, for the layers' contents
   * @param stamps whether entries keep what their headers say
   */
  constructor(folder: string, signal: AbortSignal | undefined, stamps = false) {
    this.#stamps = stamps
    this.#folder = folder
    this.#signal = signal
  }

  /**
   * A module's entries: what its layer has below the module's own folder.
   *
   * @throws PackagerError `DIGEST_MISMATCH` where the layer is not what its image's config says
   */
  async list(part: ForeignModule, windows: boolean): Promise<Listing> {
    const [, base = ''] = foldersOf(part, windows)
    const entries = below(await this.#open(part), bytesOfText(`${base}/`), part)
    if (entries.length === 0) throw empty(part, `/${base}`)
    return { entries, excluded: [] }
  }

  /**
   * A module's entries with its own two folders, by their whole names: what a layer for it alone holds.
   *
   * @throws PackagerError `DIGEST_MISMATCH` where the layer is not what its image's config says
   */
  async listWhole(part: ForeignModule): Promise<EntryTable> {
    const entries = await this.#open(part)
    const [, folder = ''] = foldersOf(part, false)
    const [parent = '', base = ''] = foldersOf(part, false).map(bytesOfText)
    let hasOwn = false
    const found = entries.emptied()
    for (const { content, ...entry } of entries) {
      if (entry.name !== parent && entry.name !== base && !entry.name.startsWith(`${base}/`)) continue
      if (entry.type === 'hardlink' && !entry.link.startsWith(`${base}/`)) throw linkingOut(displayName(entry), part)
      found.add({ ...entry, start: content?.kind === 'file' ? content.start : 0 })
      hasOwn ||= entry.name.startsWith(`${base}/`)
    }
    if (!hasOwn) throw empty(part, `/${folder}`)
    return found
  }

  async #open(part: ForeignModule): Promise<EntryTable> {
    const { digest } = part.module.layer
    const layer = this.#layers.get(digest) ?? this.#read(part)
    this.#layers.set(digest, layer)
    const { diffID, entries } = await layer
    if (diffID !== part.module.diffID) throw lying(part, diffID)
    return entries
  }

  async #read(part: ForeignModule): Promise<OpenLayer> {
    const { layer } = part.module
    const archive = join(this.#folder, `foreign-${layer.digest.slice('sha256:'.length)}`)
    await pipeline(await part.dependency.content.open(layer, this.#signal), createWriteStream(archive, { flags: 'wx' }), { signal: this.#signal })
    const { entries } = await unpack(archive, `${archive}.contents`, this.#signal, { ...defaultLimits, rooted: true, stamps: this.#stamps }, `${part.dependency.uri} layer ${layer.digest}`)
    const diffID = await digestOfTar(archive, layer.mediaType === ociLayer, this.#signal)
    await rm(archive)
    return { diffID, entries }
  }
}

/** `cnb/buildpacks/acme_hello` and the version's folder in it. */
function foldersOf({ facts }: ForeignModule, windows: boolean): readonly string[] {
  return (moduleLayer(facts, [], windows).parts[0]?.folders ?? []).map((folder) => folder.replace(/^\//, ''))
}

function below(entries: EntryTable, prefix: string, part: ForeignModule): EntryTable {
  const found = entries.emptied()
  for (const { content, ...entry } of entries) {
    if (!entry.name.startsWith(prefix)) continue
    if (entry.type === 'hardlink' && !entry.link.startsWith(prefix)) throw linkingOut(displayName(entry), part, `leave ${moduleName(part.facts)} apart with --flatten-exclude`)
    const link = entry.type === 'hardlink' ? entry.link.slice(prefix.length) : entry.link
    found.add({ ...entry, name: entry.name.slice(prefix.length), link, start: content?.kind === 'file' ? content.start : 0 })
  }
  return found
}

function linkingOut(name: string, part: ForeignModule, hint?: string): PackagerError {
  return new PackagerError({
    code: 'UNSUPPORTED',
    step: 'read package',
    value: part.dependency.uri,
    found: `${name}, a hard link to another module's file`,
    wanted: 'links inside a module',
    hint,
  })
}

async function digestOfTar(archive: string, isPlain: boolean, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256')
  if (isPlain) await pipeline(createReadStream(archive), hash, { signal })
  else await pipeline(createReadStream(archive), createGunzip(), hash, { signal })
  return `sha256:${hash.digest('hex')}`
}

/** A builder or package with it would say that it has a module, and hold none. */
function empty(part: ForeignModule, folder: string): PackagerError {
  return new PackagerError({
    code: 'UNSUPPORTED',
    step: 'read package',
    value: part.dependency.uri,
    found: `for ${moduleName(part.facts)} a layer without ${folder}`,
    wanted: 'a buildpackage image',
    hint: 'publish that package anew',
  })
}

function lying(part: ForeignModule, found: string): PackagerError {
  return new PackagerError({
    code: 'DIGEST_MISMATCH',
    step: 'read package',
    value: part.dependency.uri,
    found: `for ${moduleName(part.facts)} a layer that is ${found}`,
    wanted: part.module.diffID,
  })
}
