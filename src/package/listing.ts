import { join } from 'node:path'
import { moduleName } from '../buildpacks/module.ts'
import { PackagerError, throwIfCancelled } from '../errors.ts'
import { bytesEntry } from '../layers/entries.ts'
import { excludesFor } from '../layers/excludes.ts'
import { findSecrets } from '../layers/secrets.ts'
import type { Layer } from '../layers/spool.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { dockerLayerGzip, ociLayer, ociLayerGzip } from '../oci/media-types.ts'
import type { ProjectConfig } from '../config/project.ts'
import { startingAt } from '../stores/skip.ts'
import type { Part } from './compose.ts'
import type { PackageOptions } from './options.ts'
import { below, withoutEmptied } from './own-files.ts'
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
  const own = source.folder === undefined ? [] : below(ownFiles, join(source.folder, root))
  const excludes = excludesFor(rules, root)
  const listed = await source.list(root, (path, isFolder) => own.includes(path) || excludes(path, isFolder), overlay, options.signal)
  const entries = withoutEmptied(listed.entries, own)
  return { ...listed, entries, secrets: findSecrets(entries) }
}

/** A foreign layer, taken as it is: its bytes are read only where the destination has to be sent them. */
export function takeLayer(part: ImagePart, signal: AbortSignal | undefined): Layer {
  const { layer, diffID } = part.module
  const { content, origin } = part.dependency
  const blob = {
    descriptor: { mediaType: ociType(layer, part.dependency.uri), size: layer.size, digest: layer.digest },
    open: async (start = 0) => startingAt(await content.open(layer, signal), start),
  }
  return { diffID, blob: origin === undefined ? blob : { ...blob, origin } }
}

/** An image made here has OCI types alone; the bytes of a Docker layer are the same. */
function ociType(layer: Descriptor, uri: string): string {
  if (layer.mediaType === dockerLayerGzip || layer.mediaType === ociLayerGzip) return ociLayerGzip
  if (layer.mediaType === ociLayer) return ociLayer
  throw new PackagerError({ code: 'UNSUPPORTED', step: 'take layer', value: uri, found: `media type ${JSON.stringify(layer.mediaType)}`, wanted: 'a tar, plain or gzip' })
}
