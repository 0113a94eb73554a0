import { gzipSync } from 'node:zlib'
import type { InlineBlob } from '../../../src/oci/descriptor.ts'
import { inlineBlob } from '../../../src/oci/descriptor.ts'
import type { Digest } from '../../../src/oci/digest.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { encodeImageConfig } from '../../../src/oci/image-config.ts'
import { encodeManifest } from '../../../src/oci/manifest.ts'
import { ociLayerGzip } from '../../../src/oci/media-types.ts'
import type { Platform } from '../../../src/oci/platform.ts'
import { encodeHeader, endOfArchive, fixedTime, paddingOf } from '../../../src/tar/header.ts'
import type { Store } from '../../../src/stores/store.ts'
import { push } from '../../support/images/push.ts'

/** An image as bp-package makes them: a layer with one file for each text, compressed, and the label that says what it is. */
export interface PackageImage {
  readonly layers: readonly InlineBlob[]
  readonly config: InlineBlob
  readonly manifest: InlineBlob
  readonly diffIDs: readonly Digest[]
}

export function packageImage(texts: readonly string[], platform: Platform = { os: 'linux', architecture: 'amd64' }): PackageImage {
  const plain = texts.map((text, index) => tarOf(`file-${index}`, Buffer.from(text)))
  const layers = plain.map((bytes) => inlineBlob(ociLayerGzip, gzipSync(bytes)))
  const diffIDs = plain.map((bytes) => digestOf(bytes))
  const labels = { 'io.buildpacks.buildpackage.metadata': '{}' }
  const config = encodeImageConfig({ platform, created: '1980-01-01T00:00:01Z', labels, diffIDs })
  return { layers, config, diffIDs, manifest: encodeManifest(config.descriptor, layers.map(({ descriptor }) => descriptor)) }
}

function tarOf(name: string, content: Buffer): Buffer {
  const header = encodeHeader({ name: Buffer.from(name), type: 'file', mode: 0o644, size: content.length, linkname: Buffer.alloc(0), mtime: fixedTime, windows: false })
  return Buffer.concat([header, content, Buffer.alloc(paddingOf(content.length)), endOfArchive])
}

/** Puts an image and its tags, as a run does. */
export async function pushPackage(store: Store, { layers, config, manifest }: PackageImage, ...tags: readonly string[]): Promise<void> {
  await push(store, { blobs: [...layers, config], manifests: [], root: manifest, tags })
}
