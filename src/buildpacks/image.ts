import type { Readable } from 'node:stream'
import { PackagerError } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { isDigest } from '../oci/digest.ts'
import { isIndexType } from '../oci/media-types.ts'
import type { Platform } from '../oci/platform.ts'
import { formatPlatform } from '../oci/platform.ts'
import type { Source } from '../stores/store.ts'
import { readLabelledModules, readMain } from './label-reader.ts'
import type { ModuleFacts } from './module.ts'

/** A module in somebody's image, and the layer that holds it. */
export interface ImageModule {
  readonly facts: ModuleFacts
  readonly diffID: Digest
  /** The compressed layer, as that image names it. */
  readonly layer: Descriptor
}

/** A buildpackage for one platform: its modules in the order of their layers. */
export interface PackageImage {
  readonly platform: Platform
  readonly modules: readonly ImageModule[]
  /** The one that the package is named for; undefined where a label does not say. */
  readonly main: { readonly id: string; readonly version: string } | undefined
}

/** What an image consists of, whatever is in it. */
export interface ImageContents {
  /** The whole config; nothing in it is checked but the diffIDs. */
  readonly config: Readonly<Record<string, unknown>>
  /** Texts alone. */
  readonly labels: Readonly<Record<string, string>>
  readonly platform: Platform
  /** Bottom first. */
  readonly layers: readonly { readonly descriptor: Descriptor; readonly diffID: Digest }[]
}

/** Reads packages from one place; each manifest and config once. */
export class PackageReader {
  readonly #source: Source
  readonly #place: string
  readonly #what: 'package' | 'image'
  readonly #signal: AbortSignal | undefined
  readonly #images = new Map<Digest, Promise<PackageImage>>()
  #children: Promise<readonly Descriptor[]> | undefined

  /** @param what messages call it: a package, or just an image */
  constructor(source: Source, place: string, signal: AbortSignal | undefined, what: 'package' | 'image' = 'package') {
    this.#what = what
    this.#source = source
    this.#place = place
    this.#signal = signal
  }

  /** What an index lists; a single image is its own only child, with its config's platform. */
  async children(root: Descriptor): Promise<readonly Descriptor[]> {
    this.#children ??= this.#readChildren(root)
    return this.#children
  }

  /** One platform's modules, from its labels. */
  image(manifest: Descriptor): Promise<PackageImage> {
    const known = this.#images.get(manifest.digest) ?? this.#readImage(manifest)
    this.#images.set(manifest.digest, known)
    return known
  }

  /** What an image's config says it runs on, whether or not it is a package. */
  async platform(manifest: Descriptor): Promise<Platform> {
    const parsed = asObject(await this.#json(manifest))
    return platformFrom(asObject(await this.#json(this.#descriptor(parsed?.['config'], 'manifest'))))
  }

  /** The JSON of a manifest, a config or an index, checked to be an object. */
  async object(descriptor: Descriptor): Promise<Readonly<Record<string, unknown>>> {
    const value = asObject(await this.#json(descriptor))
    if (value === undefined) throw this.#broken(`${descriptor.digest}, which is no JSON object`)
    return value
  }

  /** What an index lists, each entry with all that it says. */
  async descriptors(index: Descriptor): Promise<readonly Descriptor[]> {
    const { manifests } = await this.object(index)
    return (Array.isArray(manifests) ? manifests : []).map((entry) => Object.assign({}, asObject(entry), this.#descriptor(entry, 'image index')))
  }

  /** What an index lists; a single image, package or not, is its own only entry, with its config's platform. */
  async entries(root: Descriptor): Promise<readonly Descriptor[]> {
    return isIndexType(root.mediaType) ? this.descriptors(root) : [{ ...root, platform: await this.platform(root) }]
  }

  async #readChildren(root: Descriptor): Promise<readonly Descriptor[]> {
    if (!isIndexType(root.mediaType)) return [{ ...root, platform: (await this.image(root)).platform }]
    const index = asObject(await this.#json(root))
    const entries = Array.isArray(index?.['manifests']) ? index['manifests'] : []
    return entries.map((entry) => this.#descriptor(entry, 'image index'))
  }

  /**
   * An image's config and layers.
   *
   * @throws PackagerError `UNSUPPORTED` where they do not belong together
   */
  async contents(manifest: Descriptor): Promise<ImageContents> {
    if (isIndexType(manifest.mediaType)) throw this.#broken(`${manifest.digest}, an index in its index`)
    const parsed = asObject(await this.#json(manifest))
    const layers = this.#layers(parsed)
    const config = await this.object(this.#descriptor(parsed?.['config'], 'manifest'))
    const said = asObject(config['rootfs'])?.['diff_ids']
    const diffIDs = (Array.isArray(said) ? said : []).map((diffID: unknown) => {
      if (typeof diffID === 'string' && isDigest(diffID)) return diffID
      throw this.#broken('a config whose diff_ids are not all sha256 digests')
    })
    if (diffIDs.length !== layers.length) throw this.#broken(`${layers.length} layers, and a config with ${diffIDs.length} diff_ids`)
    const labels = Object.entries(asObject(asObject(config['config'])?.['Labels']) ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    const both = layers.flatMap((descriptor, index) => {
      const diffID = diffIDs[index]
      return diffID === undefined ? [] : [{ descriptor, diffID }]
    })
    const known = new Map<Digest, Digest>()
    for (const { descriptor: { digest }, diffID } of both) {
      const other = known.get(digest)
      if (other !== undefined && other !== diffID) throw this.#broken(`layer ${digest} twice, with the diff_ids ${other} and ${diffID}`)
      known.set(digest, diffID)
    }
    return { config, labels: Object.fromEntries(labels), platform: platformFrom(config), layers: both }
  }

  /** The layers of an image, whatever its config says of them. Bottom first. */
  async layers(manifest: Descriptor): Promise<readonly Descriptor[]> {
    return this.#layers(await this.object(manifest))
  }

  #layers(manifest: Readonly<Record<string, unknown>> | undefined): readonly Descriptor[] {
    return Array.isArray(manifest?.['layers']) ? manifest['layers'].map((layer) => this.#descriptor(layer, 'manifest')) : []
  }

  async #readImage(manifest: Descriptor): Promise<PackageImage> {
    const { labels, platform, layers } = await this.contents(manifest)
    const layerOf = new Map(layers.map(({ diffID, descriptor }, index) => [diffID, { layer: descriptor, index }]))
    const found = readLabelledModules(labels, this.#place).map(({ facts, diffID }) => {
      const place = layerOf.get(diffID)
      if (place === undefined) throw this.#broken(`${facts.id}@${facts.version} in layer ${diffID}, which the image does not have`)
      return { facts, diffID, ...place }
    })
    const modules = found.sort((a, b) => a.index - b.index).map(({ facts, diffID, layer }) => ({ facts, diffID, layer }))
    return { platform, modules, main: readMain(labels) }
  }

  async #json(descriptor: Descriptor): Promise<unknown> {
    const limit = 4 * 1024 * 1024
    if (descriptor.size > limit) throw this.#broken(`a manifest or config of ${descriptor.size} bytes`)
    const text = (await collect(await this.#source.open(descriptor, this.#signal))).toString('utf8')
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw this.#broken(`${descriptor.digest}, which is no JSON`, cause)
    }
  }

  #descriptor(value: unknown, where: string): Descriptor {
    const { mediaType, size, digest, platform } = asObject(value) ?? {}
    if (typeof digest !== 'string' || !isDigest(digest) || typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
      throw this.#broken(`an entry of its ${where} without a sha256 digest and a size`)
    }
    const descriptor = { mediaType: typeof mediaType === 'string' ? mediaType : '', size, digest }
    return platform === undefined ? descriptor : { ...descriptor, platform: platformFrom(asObject(platform)) }
  }

  #broken(found: string, cause?: unknown): PackagerError {
    return new PackagerError({ code: 'UNSUPPORTED', step: `read ${this.#what}`, value: this.#place, found, wanted: this.#what === 'package' ? 'a buildpackage image' : 'an image', cause })
  }
}

/** What `--target` or an index asks for, and what there is, for an error. */
export function listPlatforms(children: readonly Descriptor[]): string {
  return children.map(({ platform, digest }) => (platform === undefined || formatPlatform(platform) === '' ? `${digest} (no platform)` : formatPlatform(platform))).join(', ')
}

/** What an index says of an image whose config says another thing, for an error. */
export function platformLie({ platform: said }: Descriptor, platform: Platform): string | undefined {
  if (said === undefined || said.architecture === '' || (said.os === platform.os && said.architecture === platform.architecture)) return undefined
  return `an index that says ${formatPlatform(said)} of an image for ${formatPlatform(platform)}`
}

function platformFrom(value: Readonly<Record<string, unknown>> | undefined): Platform {
  const text = (key: string): string => (typeof value?.[key] === 'string' ? value[key] : '')
  return {
    architecture: text('architecture'),
    os: text('os'),
    ...(text('variant') === '' ? {} : { variant: text('variant') }),
    ...(text('os.version') === '' ? {} : { 'os.version': text('os.version') }),
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined
}

async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}
