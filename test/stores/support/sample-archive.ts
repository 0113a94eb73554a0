import { hexOf } from '../../../src/oci/digest.ts'
import type { InlineBlob } from '../../../src/oci/descriptor.ts'
import { encodeIndex } from '../../../src/oci/manifest.ts'
import type { TarMember } from '../../support/archives/tar-bytes.ts'
import { sampleImage } from '../../support/images/sample.ts'

export const marker: TarMember = { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' }

/** index.json with this text, or one that names these manifests. */
export function indexMember(content: string | readonly InlineBlob[]): TarMember {
  return { name: 'index.json', content: typeof content === 'string' ? content : bytesOf(encodeIndex(content.map(({ descriptor }) => descriptor))) }
}

export function blobMember(blob: InlineBlob): TarMember {
  return { name: `blobs/sha256/${hexOf(blob.descriptor.digest)}`, content: bytesOf(blob) }
}

export interface SampleArchive {
  readonly members: readonly TarMember[]
  /** All of them, the manifest last. */
  readonly blobs: readonly InlineBlob[]
  readonly manifest: InlineBlob
}

/** One image as another tool archives it: relative names, the blobs last. */
export function sampleArchive(): SampleArchive {
  const image = sampleImage('amd64', 'content')
  const blobs = [...image.blobs, image.manifest]
  return { members: [marker, indexMember([image.manifest]), ...blobs.map(blobMember)], blobs, manifest: image.manifest }
}

function bytesOf(blob: InlineBlob): Buffer {
  return Buffer.from(blob.bytes)
}
