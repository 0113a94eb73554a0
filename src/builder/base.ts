import type { ImageContents } from '../buildpacks/image.ts'
import { PackageReader, listPlatforms, platformLie } from '../buildpacks/image.ts'
import { takenLayer } from '../buildpacks/taken-layer.ts'
import { PackagerError } from '../errors.ts'
import type { Layer } from '../layers/spool.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { dockerManifest } from '../oci/media-types.ts'
import { formatReference, parseReference, tagOf } from '../oci/reference.ts'
import type { Source } from '../stores/store.ts'
import { formatTarget } from '../targets/grammar.ts'
import { nearestImage } from '../targets/nearest-image.ts'
import type { Target } from '../targets/target.ts'

/** One platform's image of a name: what builders are made of, and what run images are looked at for. */
export interface PlatformImage extends ImageContents {
  /** As builder.toml writes it. */
  readonly shown: string
  /** Whether its parts follow Docker's specification and not OCI's. */
  readonly isDocker: boolean
  /** The entries of its history that stand for layers. */
  readonly history: readonly Readonly<Record<string, unknown>>[]
  /** One of its layers, as it is: mounted or copied, never compressed anew. */
  readonly takeLayer: (layer: Descriptor, diffID: Digest) => Layer
}

export interface ImagesContext {
  readonly openRepository: (registry: string, repository: string) => Promise<Source>
  readonly signal: AbortSignal | undefined
}

interface OpenName {
  readonly content: Source
  readonly reader: PackageReader
  readonly children: readonly Descriptor[]
  readonly origin: { readonly registry: string; readonly repository: string }
}

/** Images that builder.toml names, each asked for once per run, whatever number of targets and places need it. */
export class NamedImages {
  readonly #context: ImagesContext
  readonly #open = new Map<string, Promise<OpenName>>()

  constructor(context: ImagesContext) {
    this.#context = context
  }

  /**
   * The image of that name for a target: of an index the nearest one, else the image itself where it is for that platform.
   *
   * @throws PackagerError `NOT_FOUND`, `UNSUPPORTED` with the platforms that there are
   */
  async find(name: string, target: Target): Promise<PlatformImage> {
    const { content, reader, children, origin } = await this.#once(name)
    const manifest = nearestImage(children, target)
    if (manifest === undefined) {
      const found = children.length === 0 ? 'an index without images' : `images for ${listPlatforms(children)}`
      throw new PackagerError({ code: 'UNSUPPORTED', step: 'find image', value: name, found, wanted: `one for ${formatTarget(target)}` })
    }
    const contents = await reader.contents(manifest)
    const lie = platformLie(manifest, contents.platform)
    if (lie !== undefined) throw new PackagerError({ code: 'UNSUPPORTED', step: 'find image', value: name, found: lie, wanted: 'both to agree', hint: 'build that image anew' })
    const takeLayer = (descriptor: Descriptor, diffID: Digest): Layer => takenLayer({ content, descriptor, diffID, mayBeZstd: true, place: name, origin }, this.#context.signal)
    return { ...contents, shown: name, history: filledHistory(contents.config['history']), isDocker: manifest.mediaType === dockerManifest, takeLayer }
  }

  #once(name: string): Promise<OpenName> {
    const known = this.#open.get(name) ?? this.#resolve(name)
    this.#open.set(name, known)
    return known
  }

  async #resolve(name: string): Promise<OpenName> {
    const { openRepository, signal } = this.#context
    const reference = parseReference(name)
    const { registry, repository, digest } = reference
    const content = await openRepository(registry, repository)
    const root = await content.resolve(digest ?? tagOf(reference), signal)
    const reader = new PackageReader(content, formatReference(reference), signal, 'image')
    const children = await reader.entries(root)
    return { content, reader, children, origin: { registry, repository } }
  }
}

function filledHistory(history: unknown): PlatformImage['history'] {
  const entries = (Array.isArray(history) ? history : []).filter((entry): entry is Record<string, unknown> => typeof entry === 'object' && entry !== null)
  return entries.filter((entry) => entry['empty_layer'] !== true)
}
