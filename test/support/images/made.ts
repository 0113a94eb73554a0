import { gzipSync } from 'node:zlib'
import { tarBytes } from '../archives/tar-bytes.ts'
import { digestOf } from '../read-back/image.ts'

/** Bytes with what a descriptor says of them. */
export interface MadeBlob {
  readonly mediaType: string
  readonly digest: `sha256:${string}`
  readonly size: number
  readonly bytes: Buffer
}

export interface MadeImage {
  readonly manifest: MadeBlob
  /** Layers, and the config last. */
  readonly blobs: readonly MadeBlob[]
}

/** What an image is made of: its config as it stands, and for each layer its files' texts by name. */
export interface ImageRecipe {
  readonly config: Readonly<Record<string, unknown>>
  readonly layers: readonly Readonly<Record<string, string>>[]
  /** Docker's schema 2, or (unless told) OCI. */
  readonly mediaType?: string
}

const ociTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
}
const dockerTypes = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
}

export function madeBlob(mediaType: string, content: Buffer | string | object): MadeBlob {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(typeof content === 'string' ? content : JSON.stringify(content))
  return { mediaType, digest: digestOf(bytes), size: bytes.length, bytes }
}

export function descriptorOf({ mediaType, size, digest }: MadeBlob): { readonly mediaType: string; readonly size: number; readonly digest: string } {
  return { mediaType, size, digest }
}

/** An image of real layers, made with none of this package's own code; the diffIDs are added to the config. */
export function makeImage({ config, layers, mediaType = ociTypes.manifest }: ImageRecipe): MadeImage {
  const types = mediaType === dockerTypes.manifest ? dockerTypes : ociTypes
  const tars = layers.map((files) => tarBytes(Object.entries(files).map(([name, content]) => ({ name, content }))))
  const layerBlobs = tars.map((tar) => madeBlob(types.layer, gzipSync(tar)))
  const rootfs = { type: 'layers', diff_ids: tars.map(digestOf) }
  const configBlob = madeBlob(types.config, { ...config, config: config['config'] ?? {}, rootfs })
  const manifest = { schemaVersion: 2, mediaType: types.manifest, config: descriptorOf(configBlob), layers: layerBlobs.map(descriptorOf) }
  return { manifest: madeBlob(types.manifest, manifest), blobs: [...layerBlobs, configBlob] }
}

/** Sends a manifest with its blobs to a registry on loopback, by tag or by digest, as plainly as the protocol allows. */
export async function sendImage(host: string, repository: string, { manifest, blobs }: MadeImage, tag?: string): Promise<void> {
  for (const blob of blobs) await sendBlob(host, repository, blob)
  const headers = { 'content-type': manifest.mediaType }
  await accepted(await fetch(`http://${host}/v2/${repository}/manifests/${tag ?? manifest.digest}`, { method: 'PUT', headers, body: new Uint8Array(manifest.bytes) }))
}

async function sendBlob(host: string, repository: string, { digest, bytes }: MadeBlob): Promise<void> {
  const begun = await accepted(await fetch(`http://${host}/v2/${repository}/blobs/uploads/`, { method: 'POST' }))
  const place = new URL(begun.headers.get('location') ?? '', `http://${host}`)
  place.searchParams.set('digest', digest)
  await accepted(await fetch(place, { method: 'PUT', headers: { 'content-type': 'application/octet-stream' }, body: new Uint8Array(bytes) }))
}

async function accepted(response: Response): Promise<Response> {
  const said = await response.text()
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${said}`)
  return response
}
