import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { extract } from 'tar-stream'
import type { Descriptor } from '../../../src/oci/descriptor.ts'
import type { ExpectedImage, ExpectedPlatform } from '../vectors/case.ts'
import type { Manifest } from './image.ts'
import { ImageReader, checkBytes, digestOf } from './image.ts'
import type { ArchiveShape, ReadOutput } from './output.ts'
import { listTar } from './tar-listing.ts'

/** Reads a `.cnb` with none of this package's own code: a tar, in it a layout, and below its index.json every image. */
export async function readArchive(path: string, name: string): Promise<ReadOutput> {
  const bytes = await readFile(path)
  const files = await filesIn(bytes)
  const { manifests, ...index } = jsonOf(files, '/index.json') as { readonly manifests: readonly Descriptor[] }
  const blob = async (descriptor: Descriptor): Promise<Buffer> => blobIn(files, descriptor)
  const reader = new ImageReader(blob)
  const images: ExpectedImage[] = []
  const mediaTypes: string[] = []
  for (const root of manifests) {
    const manifest = await readManifest(root, blob, mediaTypes)
    const children = manifest.manifests === undefined ? [manifest] : await Promise.all(manifest.manifests.map((child) => readManifest(child, blob, mediaTypes)))
    for (const child of children) images.push(await reader.image(child))
  }
  return {
    name,
    kind: 'file',
    digest: manifests[0]?.digest ?? '',
    annotations: null,
    manifests: manifests.map(({ platform }) => ({ platform: (platform ?? null) as ExpectedPlatform | null })),
    images,
    mediaTypes: [...mediaTypes, ...reader.mediaTypes],
    layers: reader.layers,
    archive: { ...outerOf(bytes), layout: jsonOf(files, '/oci-layout'), index, manifests },
  }
}

async function readManifest(descriptor: Descriptor, blob: (descriptor: Descriptor) => Promise<Buffer>, mediaTypes: string[]): Promise<Manifest> {
  const bytes = await blob(descriptor)
  checkBytes(bytes, descriptor)
  const manifest = JSON.parse(bytes.toString('utf8')) as Manifest
  if (manifest.mediaType !== descriptor.mediaType) throw new Error(`${descriptor.digest}: listed as ${descriptor.mediaType}, says ${manifest.mediaType}`)
  mediaTypes.push(manifest.mediaType)
  return manifest
}

async function filesIn(archive: Buffer): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>()
  const entries = Readable.from([archive], { objectMode: false }).pipe(extract())
  for await (const entry of entries) {
    const content = await buffer(entry)
    if (entry.header.type === 'directory') continue
    if (entry.header.type !== 'file' || files.has(entry.header.name)) throw new Error(`${entry.header.name}: a ${entry.header.type}, or twice`)
    files.set(entry.header.name, content)
  }
  for (const [name, content] of files) {
    const hex = /^\/blobs\/sha256\/(.*)$/.exec(name)?.[1]
    if (hex !== undefined && digestOf(content) !== `sha256:${hex}`) throw new Error(`${name} is not what its name says`)
  }
  return files
}

function blobIn(files: ReadonlyMap<string, Buffer>, { digest }: Descriptor): Buffer {
  const bytes = files.get(`/blobs/${digest.replace(':', '/')}`)
  if (bytes === undefined) throw new Error(`no blob ${digest}`)
  return bytes
}

function jsonOf(files: ReadonlyMap<string, Buffer>, name: string): unknown {
  return JSON.parse(files.get(name)?.toString('utf8') ?? `"no ${name}"`)
}

function outerOf(archive: Buffer): Pick<ArchiveShape, 'outer' | 'trailingZeroBlocks'> {
  const { entries, trailingZeroBlocks } = listTar(archive)
  const blobs = entries.map(({ name }) => name).filter((name) => name.startsWith('/blobs/sha256/'))
  if (blobs.join('\n') !== [...new Set(blobs)].sort().join('\n')) throw new Error(`blobs in no order: ${blobs.join(', ')}`)
  const outer = entries.map(({ name, type, mode, uid, gid, uname, gname, mtime, format }) => {
    return { type, mode, uid, gid, uname, gname, mtime, format, name: name.replace(/^(\/blobs\/sha256\/)[0-9a-f]{64}$/, '$1DIGEST') }
  })
  return { outer, trailingZeroBlocks }
}
