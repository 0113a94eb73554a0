import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { moduleLayer } from '../buildpacks/layer.ts'
import { moduleName } from '../buildpacks/module.ts'
import { PackagerError, throwIfCancelled } from '../errors.ts'
import type { LayerEntry } from '../layers/entries.ts'
import { bytesEntry, displayName } from '../layers/entries.ts'
import { excludesFor } from '../layers/excludes.ts'
import { findSecrets } from '../layers/secrets.ts'
import type { Layer } from '../layers/spool.ts'
import { defaultLimits } from '../layers/unpack-limits.ts'
import { unpack } from '../layers/unpack.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { dockerLayerGzip, ociLayer, ociLayerGzip } from '../oci/media-types.ts'
import type { ProjectConfig } from '../config/project.ts'
import type { Part } from './compose.ts'
import type { PackageOptions } from './options.ts'
import { below as belowFolder, withoutEmptied } from './own-files.ts'
import type { Listing } from './plan.ts'

type LocalPart = Extract<Part, { kind: 'local' }>
type ImagePart = Extract<Part, { kind: 'image' }>

/** What was listed, each root of each source once: two folders may be called the same where one is the main module's. */
export class Listings {
  readonly #sources = new Map<object, Map<string, Listing>>()

  has(part: Part): boolean {
    return this.#find(part) !== undefined
  }

  get(part: Part): Listing {
    return this.#find(part) ?? { entries: [], excluded: [] }
  }

  set(part: Part, listing: Listing): void {
    const { source, place } = origin(part)
    this.#sources.set(source, (this.#sources.get(source) ?? new Map<string, Listing>()).set(place, listing))
  }

  #find(part: Part): Listing | undefined {
    const { source, place } = origin(part)
    return this.#sources.get(source)?.get(place)
  }
}

/** Of a foreign module the layer's own digest counts, which is checked when it is read; a diffID is only said. */
function origin(part: Part): { readonly source: object; readonly place: string } {
  if (part.kind === 'local') return { source: part.module.source, place: part.root.root }
  return { source: Listings, place: `${part.module.layer.digest} ${part.facts.kind} ${moduleName(part.facts)}` }
}

/** A local module's platform root. The module's own toml stands in every root, in the place of one that lies there. */
export async function listLocal(part: LocalPart, options: PackageOptions, project: ProjectConfig | undefined, isMain: boolean, ownFiles: readonly string[]): Promise<Listing> {
  throwIfCancelled(options.signal, 'list files')
  const { source, tomlName, toml, ignoreFile } = part.module
  const rules = {
    defaults: options.defaultExcludes !== false,
    ignoreFile,
    patterns: isMain ? [...(project?.exclude ?? []), ...(options.exclude ?? [])] : [],
    keep: [tomlName],
    isLayoutFolder: (path: string) => source.isLayoutFolder(path),
  }
  const { root } = part.root
  const overlay = root === '.' ? [] : [bytesEntry(tomlName, toml)]
  const own = source.folder === undefined ? [] : belowFolder(ownFiles, join(source.folder, root))
  const excludes = excludesFor(rules, root)
  const listed = await source.list(root, (path, isFolder) => own.includes(path) || excludes(path, isFolder), overlay, options.signal)
  const entries = withoutEmptied(listed.entries, own)
  return { ...listed, entries, secrets: findSecrets(entries) }
}

/** Reads foreign layers for a package that is flattened, each once whatever number of modules it holds. */
export class ForeignLayers {
  readonly #folder: string
  readonly #signal: AbortSignal | undefined
  readonly #layers = new Map<Digest, Promise<readonly LayerEntry[]>>()

  /** @param folder the run's own, for the layers' contents */
  constructor(folder: string, signal: AbortSignal | undefined) {
    this.#folder = folder
    this.#signal = signal
  }

  /** A module's entries: what its layer has below the module's own folder. */
  async list(part: ImagePart, windows: boolean): Promise<Listing> {
    const { digest } = part.module.layer
    const layer = this.#layers.get(digest) ?? this.#read(part)
    this.#layers.set(digest, layer)
    const base = (moduleLayer(part.facts, [], windows).parts[0]?.base ?? '').replace(/^\//, '')
    const prefix = Buffer.from(`${base}/`)
    return { entries: (await layer).flatMap((entry) => below(entry, prefix, part)), excluded: [] }
  }

  async #read(part: ImagePart): Promise<readonly LayerEntry[]> {
    const { layer } = part.module
    const archive = join(this.#folder, `foreign-${layer.digest.slice('sha256:'.length)}`)
    await pipeline(await part.dependency.content.open(layer, this.#signal), createWriteStream(archive, { flags: 'wx' }), { signal: this.#signal })
    const { entries } = await unpack(archive, `${archive}.contents`, this.#signal, { ...defaultLimits, rooted: true })
    await rm(archive)
    return entries
  }
}

function below(entry: LayerEntry, prefix: Buffer, part: ImagePart): LayerEntry[] {
  if (!startsWith(entry.name, prefix)) return []
  const name = entry.name.subarray(prefix.length)
  if (entry.type !== 'hardlink') return [{ ...entry, name }]
  if (startsWith(entry.link, prefix)) return [{ ...entry, name, link: entry.link.subarray(prefix.length) }]
  throw new PackagerError({ code: 'UNSUPPORTED', step: 'flatten', value: part.dependency.uri, found: `${displayName(entry)}, a hard link to another module's file`, wanted: 'links inside a module', hint: `leave ${moduleName(part.facts)} apart with --flatten-exclude` })
}

function startsWith(name: Buffer, prefix: Buffer): boolean {
  return name.subarray(0, prefix.length).equals(prefix)
}

/** A foreign layer, taken as it is: its bytes are read only where the destination has to be sent them. */
export function takeLayer(part: ImagePart, signal: AbortSignal | undefined): Layer {
  const { layer, diffID } = part.module
  const { content, origin } = part.dependency
  const blob = {
    descriptor: { mediaType: ociType(layer, part.dependency.uri), size: layer.size, digest: layer.digest },
    open: async (start = 0) => from(await content.open(layer, signal), start),
  }
  return { diffID, blob: origin === undefined ? blob : { ...blob, origin } }
}

/** An image made here has OCI types alone; the bytes of a Docker layer are the same. */
function ociType(layer: Descriptor, uri: string): string {
  if (layer.mediaType === dockerLayerGzip || layer.mediaType === ociLayerGzip) return ociLayerGzip
  if (layer.mediaType === ociLayer) return ociLayer
  throw new PackagerError({ code: 'UNSUPPORTED', step: 'take layer', value: uri, found: `media type ${JSON.stringify(layer.mediaType)}`, wanted: 'a tar, plain or gzip' })
}

/** The rest of a stream. The source checks all of it, so what comes before is read and dropped. */
function from(stream: Readable, start: number): Readable {
  if (start === 0) return stream
  let left = start
  const rest = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const dropped = Math.min(left, chunk.length)
      left -= dropped
      done(null, chunk.subarray(dropped))
    },
  })
  pipeline(stream, rest).catch(() => undefined)
  return rest
}
