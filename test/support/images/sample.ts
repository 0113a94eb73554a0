import type { Blob, Descriptor, InlineBlob } from '../../../src/oci/descriptor.ts'
import { inlineBlob } from '../../../src/oci/descriptor.ts'
import { encodeImageConfig } from '../../../src/oci/image-config.ts'
import { encodeIndex, encodeManifest } from '../../../src/oci/manifest.ts'
import { ociLayer } from '../../../src/oci/media-types.ts'
import type { Graph } from './push.ts'

/** An image that clients of any kind accept, on a layer whose content is `text`, padded to a tar's two empty blocks. */
export function sampleImage(architecture: string, text: string): { readonly blobs: readonly InlineBlob[]; readonly manifest: InlineBlob } {
  const layer = inlineBlob(ociLayer, Buffer.concat([Buffer.from(text), Buffer.alloc(1024)]))
  const config = encodeImageConfig({
    platform: { os: 'linux', architecture },
    created: '1980-01-01T00:00:01Z',
    labels: { text },
    diffIDs: [layer.descriptor.digest],
  })
  return { blobs: [layer, config], manifest: encodeManifest(config.descriptor, [layer.descriptor]) }
}

/** An index over two images that share their layer, with everything it needs. */
export function sampleIndex(tags: readonly string[], text = 'shared'): Graph & { readonly root: InlineBlob; readonly manifests: readonly InlineBlob[] } {
  const images = ['amd64', 'arm64'].map((architecture) => ({ architecture, image: sampleImage(architecture, text) }))
  return {
    blobs: images.flatMap(({ image }) => [...image.blobs]),
    manifests: images.map(({ image }) => image.manifest),
    root: encodeIndex(images.map(({ architecture, image }) => childOf(image.manifest, architecture))),
    tags,
  }
}

function childOf({ descriptor }: InlineBlob, architecture: string): Descriptor {
  return { ...descriptor, platform: { os: 'linux', architecture } }
}

/** A blob that promises one thing and sends another. */
export function lyingBlob(promised: InlineBlob, sent: Uint8Array): Blob {
  return { descriptor: promised.descriptor, open: () => inlineBlob(promised.descriptor.mediaType, sent).open() }
}
