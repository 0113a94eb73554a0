import { Readable } from 'node:stream'
import type { EngineBody } from '../docker/connection.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { hexOf } from '../oci/digest.ts'
import type { ImageManifest } from '../oci/manifest.ts'
import { encodeIndex } from '../oci/manifest.ts'
import type { Header } from '../tar/header.ts'
import { encodeHeader, endOfArchive, fixedTime, headerSize, paddingOf } from '../tar/header.ts'
import type { Source } from './store.ts'

/** One image, for an engine. */
export interface ArchivedImage {
  readonly manifest: Descriptor
  readonly content: Pick<ImageManifest, 'config' | 'layers'>
  /** Layers that the engine has, by the digests of their blobs: they are named and not sent. */
  readonly leaveOut: ReadonlySet<string>
}

interface Entry {
  readonly name: string
  readonly size: number
  /** Absent: a folder. */
  readonly open?: () => Readable | Promise<Readable>
}

/**
 * The archive that every engine loads, in the shape that `docker save` gives it: an OCI layout, which Podman and engines
 * with containerd's store read with all digests kept, and a `manifest.json` over the same blobs for Docker's own store. No
 * name is in it: names are set when what was loaded has been looked at.
 *
 * @example
 * // oci-layout  index.json  manifest.json  blobs/  blobs/sha256/  blobs/sha256/<config>  .../<manifest>  .../<layer> ...
 * // manifest.json: [{"Config":"blobs/sha256/...","RepoTags":null,"Layers":["blobs/sha256/...", ...]}]
 */
export function engineArchive(source: Source, image: ArchivedImage, signal?: AbortSignal): EngineBody {
  const entries = entriesOf(source, image, signal)
  const size = entries.reduce((sum, entry) => sum + headerSize(headerOf(entry)) + entry.size + paddingOf(entry.size), endOfArchive.byteLength)
  return { size, open: () => Readable.from(tar(entries), { objectMode: false }) }
}

function entriesOf(source: Source, { manifest, content, leaveOut }: ArchivedImage, signal: AbortSignal | undefined): readonly Entry[] {
  const { config, layers } = content
  const { mediaType, size, digest } = manifest
  const legacy = [{ Config: blobName(config), RepoTags: null, Layers: layers.map(blobName) }]
  const blobs = [config, manifest, ...layers.filter((layer) => !leaveOut.has(layer.digest))]
  return [
    inline('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')),
    inline('index.json', encodeIndex([{ mediaType, size, digest }]).bytes),
    inline('manifest.json', Buffer.from(JSON.stringify(legacy))),
    { name: 'blobs/', size: 0 },
    { name: 'blobs/sha256/', size: 0 },
    ...new Map(blobs.map((blob) => [blob.digest, { name: blobName(blob), size: blob.size, open: () => source.open(blob, signal) }])).values(),
  ]
}

function blobName({ digest }: Descriptor): string {
  return `blobs/sha256/${hexOf(digest)}`
}

function inline(name: string, bytes: Uint8Array): Entry {
  return { name, size: bytes.byteLength, open: () => Readable.from([bytes]) }
}

/** The source checks every blob as it is read, so an entry is never shorter or longer than its header says. */
async function* tar(entries: readonly Entry[]): AsyncGenerator<Buffer> {
  for (const entry of entries) {
    yield encodeHeader(headerOf(entry))
    if (entry.open !== undefined) for await (const piece of await entry.open()) yield piece as Buffer
    yield endOfArchive.subarray(0, paddingOf(entry.size))
  }
  yield endOfArchive
}

function headerOf({ name, size, open }: Entry): Header {
  const [type, mode] = open === undefined ? (['folder', 0o755] as const) : (['file', 0o644] as const)
  return { name: Buffer.from(name), type, mode, size, linkname: Buffer.alloc(0), mtime: fixedTime, windows: false }
}
