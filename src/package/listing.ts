import { join } from 'node:path'
import { Transform } from 'node:stream'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createWriteStream } from 'node:fs'
import { moduleLayer } from '../buildpacks/layer.ts'
import { PackagerError, throwIfCancelled } from '../errors.ts'
import type { LayerEntry } from '../layers/entries.ts'
import { bytesEntry, displayName } from '../layers/entries.ts'
import { excludesFor } from '../layers/excludes.ts'
import type { Layer } from '../layers/spool.ts'
import { unpack } from '../layers/unpack.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { dockerLayerGzip, ociLayer, ociLayerGzip } from '../oci/media-types.ts'
import type { ProjectConfig } from '../config/project.ts'
import type { Part } from './compose.ts'
import type { PackageOptions } from './options.ts'
import type { Listing } from './plan.ts'

type LocalPart = Extract<Part, { kind: 'local' }>
type ImagePart = Extract<Part, { kind: 'image' }>

/** A local root is the same whatever target uses it. */
export function listingKey(part: Part): string {
  return part.kind === 'image' ? part.module.diffID + part.facts.id + part.facts.version : `${part.module.source.place}\n${part.root.root}`
}

/** A local module's platform root. The module's own toml stands in every root, in the place of one that lies there. */
export async function listLocal(part: LocalPart, options: PackageOptions, project: ProjectConfig | undefined, isMain: boolean): Promise<Listing> {
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
  return source.list(root, excludesFor(rules, root), overlay, options.signal)
}

/** A foreign module's entries, for a layer that is flattened: read back from its layer, below its own folder. */
export async function listImage(part: ImagePart, windows: boolean, folder: string, signal: AbortSignal | undefined): Promise<Listing> {
  const archive = join(folder, `${part.module.diffID.slice(7, 23)}.layer`)
  await pipeline(await part.dependency.content.open(part.module.layer, signal), createWriteStream(archive, { flags: 'wx' }), { signal })
  const { entries } = await unpack(archive, `${archive}.contents`, signal)
  const base = (moduleLayer(part.facts, [], windows).parts[0]?.base ?? '').replace(/^\//, '')
  return { entries: entries.flatMap((entry) => below(entry, `${base}/`)), excluded: [] }
}

function below(entry: LayerEntry, prefix: string): LayerEntry[] {
  if (!displayName(entry).startsWith(prefix)) return []
  const cut = Buffer.byteLength(prefix)
  return [{ ...entry, name: entry.name.subarray(cut), link: entry.type === 'hardlink' ? entry.link.subarray(cut) : entry.link }]
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
