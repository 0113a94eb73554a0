import { gzipSync } from 'node:zlib'
import type { FixedEntry } from '../archives/fixed-tar.ts'
import { fixedTar } from '../archives/fixed-tar.ts'
import { digestOf } from '../read-back/image.ts'
import type { TreeEntry } from '../tree/tree.ts'
import { contentOf } from '../tree/tree.ts'
import type { CaseBase, CaseImage } from './case.ts'

const types = {
  oci: {
    index: 'application/vnd.oci.image.index.v1+json',
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    config: 'application/vnd.oci.image.config.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  },
  docker: {
    index: 'application/vnd.docker.distribution.manifest.list.v2+json',
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    config: 'application/vnd.docker.container.image.v1+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  },
} as const

/** Bytes under their digest, and what they are called. */
export interface Piece {
  readonly bytes: Buffer
  readonly mediaType: string
}

export interface BuiltImage {
  readonly blobs: readonly Piece[]
  readonly manifest: Piece
  readonly platform: CaseImage['platform']
}

/** Makes an image of a case, with none of this package's own code. */
export function builtImage(image: CaseImage, fill: (text: string) => string, family: 'oci' | 'docker' = image.mediaTypes ?? 'oci'): BuiltImage {
  const tars = image.layers.map((layer) => layerTar(layer, fill))
  const diffIDs = tars.map(digestOf)
  const layers = tars.map((tar) => ({ bytes: gzipSync(tar, { level: 9 }), mediaType: types[family].layer }))
  const { Labels = {}, ...config } = image.config
  const labels = Object.entries(Labels).map(([key, value]) => [key, labelText(value, fill, diffIDs)])
  const json = { ...image.platform, config: { ...config, Labels: Object.fromEntries(labels) as Record<string, string> }, rootfs: { type: 'layers', diff_ids: diffIDs } }
  const configPiece = jsonPiece(types[family].config, json)
  const manifest = { schemaVersion: 2, mediaType: types[family].manifest, config: descriptorOf(configPiece), layers: layers.map(descriptorOf) }
  return { blobs: [...layers, configPiece], manifest: jsonPiece(types[family].manifest, manifest), platform: image.platform }
}

/** Of the tars of an image's layers, where no text in them is to be filled in. */
export function layerDigests({ layers }: CaseImage): readonly string[] {
  return layers.map((layer) => digestOf(layerTar(layer, (text) => text)))
}

function layerTar(layer: CaseImage['layers'][number], fill: (text: string) => string): Buffer {
  return fixedTar(layer.entries.map((entry) => layerEntry(entry, fill)), layer)
}

/** What a base's name stands for: its only image, or an index over all. */
export function rootOf(base: CaseBase, images: readonly BuiltImage[]): Piece {
  const family = types[base.mediaTypes ?? 'oci']
  const [only] = images
  if (base.index !== true && only !== undefined) return only.manifest
  const manifests = images.map(({ manifest, platform }) => ({ ...descriptorOf(manifest), platform }))
  return jsonPiece(family.index, { schemaVersion: 2, mediaType: family.index, manifests })
}

/** A `.cnb`: the layout of these images in a plain tar. */
export function cnbOf(images: readonly BuiltImage[]): Buffer {
  const index = { schemaVersion: 2, manifests: images.map(({ manifest, platform }) => ({ ...descriptorOf(manifest), platform })) }
  const pieces = images.flatMap(({ blobs, manifest }) => [...blobs, manifest])
  const blobs = new Map(pieces.map(({ bytes }) => [`/blobs/${digestOf(bytes).replace(':', '/')}`, bytes]))
  return fixedTar([
    ...Array.from(blobs, ([name, bytes]) => file(name, bytes)),
    file('/index.json', Buffer.from(JSON.stringify(index))),
    file('/oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')),
  ])
}

/** Puts an image or an index under its name into the registry that the name begins with. */
export async function pushBase(ref: string, base: CaseBase, fill: (text: string) => string): Promise<void> {
  const [, host = '', repository = '', tag = 'latest'] = /^([^/]+)\/(.+?)(?::([^:/]+))?$/.exec(ref) ?? []
  const images = base.images.map((image) => builtImage(image, fill, image.mediaTypes ?? base.mediaTypes))
  const url = `http://${host}/v2/${repository}`
  for (const { bytes } of images.flatMap(({ blobs }) => blobs)) await putBlob(url, bytes)
  for (const { manifest } of images) await putManifest(`${url}/manifests/${digestOf(manifest.bytes)}`, manifest)
  await putManifest(`${url}/manifests/${tag}`, rootOf(base, images))
}

function file(name: string, content: Buffer): FixedEntry {
  return { name, type: 'file', mode: 0o644, content, link: '' }
}

async function putBlob(url: string, bytes: Buffer): Promise<void> {
  const started = await fetch(`${url}/blobs/uploads/`, { method: 'POST' })
  const place = new URL(started.headers.get('location') ?? '', url)
  place.searchParams.set('digest', digestOf(bytes))
  const done = await fetch(place, { method: 'PUT', body: bytes, headers: { 'content-type': 'application/octet-stream' } })
  if (done.status !== 201) throw new Error(`PUT ${place.href}: ${done.status} ${await done.text()}`)
}

async function putManifest(url: string, { bytes, mediaType }: Piece): Promise<void> {
  const done = await fetch(url, { method: 'PUT', body: bytes, headers: { 'content-type': mediaType } })
  if (done.status !== 201) throw new Error(`PUT ${url}: ${done.status} ${await done.text()}`)
}

function layerEntry(entry: TreeEntry, fill: (text: string) => string): FixedEntry {
  const { path, type, target = '' } = entry
  const mode = Number.parseInt(entry.mode ?? (type === 'symlink' ? '0777' : '0644'), 8)
  return { name: path, type, mode, content: type === 'file' ? filled(entry, fill) : Buffer.alloc(0), link: target }
}

/** Bytes that are no text stay as they are. */
export function filled(entry: TreeEntry, fill: (text: string) => string): Buffer {
  return typeof entry.content === 'string' ? Buffer.from(fill(entry.content)) : contentOf(entry)
}

function labelText(value: unknown, fill: (text: string) => string, diffIDs: readonly string[]): string {
  const text = fill(typeof value === 'string' ? value : JSON.stringify(value))
  return text.replaceAll(/\{diffid:(\d+)\}/g, (_, index: string) => diffIDs[Number(index)] ?? '')
}

function jsonPiece(mediaType: string, value: unknown): Piece {
  return { mediaType, bytes: Buffer.from(JSON.stringify(value)) }
}

function descriptorOf({ bytes, mediaType }: Piece): { readonly mediaType: string; readonly digest: string; readonly size: number } {
  return { mediaType, digest: digestOf(bytes), size: bytes.length }
}
