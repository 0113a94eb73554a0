import { gzipSync } from 'node:zlib'
import type { Descriptor, InlineBlob } from '../../../src/oci/descriptor.ts'
import { inlineBlob } from '../../../src/oci/descriptor.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import type { Digest } from '../../../src/oci/digest.ts'
import { encodeImageConfig } from '../../../src/oci/image-config.ts'
import { encodeIndex, encodeManifest } from '../../../src/oci/manifest.ts'
import { ociLayerGzip } from '../../../src/oci/media-types.ts'
import type { Platform } from '../../../src/oci/platform.ts'
import type { TarMember } from '../../support/archives/tar-bytes.ts'
import { tarBytes } from '../../support/archives/tar-bytes.ts'
import type { TestRegistry } from '../../support/registry/registry.ts'

/** An image as a test describes it: what is left out is as an ordinary package has it. */
export interface SampleImage {
  /** `os/arch[/variant]`. */
  readonly platform: string
  /** `id@version` to what its label says beside the layer; each has a layer of its own, the same for equal `content`. */
  readonly modules?: Readonly<Record<string, SampleModule>>
  readonly extensions?: Readonly<Record<string, SampleModule>>
  /** Written last, over those made here. */
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

export interface SampleModule {
  readonly api?: string
  readonly homepage?: string
  readonly name?: string
  readonly targets?: readonly object[]
  readonly order?: readonly object[]
  /** The layer's bytes; unless told they are the module's name and the platform. */
  readonly content?: string
  /** A layer that is a tar of these. */
  readonly members?: readonly TarMember[]
}

export function platformOf(text: string): Platform {
  const [os = '', architecture = '', variant] = text.split('/')
  return { os, architecture, ...(variant === undefined ? {} : { variant }) }
}

/** A package image; unless told its layers are no tars, so that nobody who inspects it may open one. */
export function imageOf(image: SampleImage): { readonly manifest: InlineBlob; readonly blobs: readonly InlineBlob[] } {
  const layers: InlineBlob[] = []
  const diffIDs: Digest[] = []
  const layersOf = (modules: Readonly<Record<string, SampleModule>>): object => {
    const label: Record<string, Record<string, object>> = {}
    for (const [name, { content = `${name} ${image.platform}`, members, ...facts }] of Object.entries(modules)) {
      const [id = '', version = ''] = name.split('@')
      const tar = members === undefined ? Buffer.from(`diff ${content}`) : tarBytes(members)
      const layerDiffID = digestOf(tar)
      layers.push(inlineBlob(ociLayerGzip, members === undefined ? Buffer.from(content) : gzipSync(tar)))
      diffIDs.push(layerDiffID)
      label[id] = { ...label[id], [version]: { api: '0.10', ...facts, layerDiffID } }
    }
    return label
  }
  const labels = {
    ...(image.modules === undefined ? {} : { 'io.buildpacks.buildpack.layers': JSON.stringify(layersOf(image.modules)) }),
    ...(image.extensions === undefined ? {} : { 'io.buildpacks.extension.layers': JSON.stringify(layersOf(image.extensions)) }),
    ...image.labels,
  }
  const config = encodeImageConfig({ platform: platformOf(image.platform), created: '1980-01-01T00:00:01Z', labels, diffIDs })
  return { manifest: encodeManifest(config.descriptor, layers.map(({ descriptor }) => descriptor), image.annotations), blobs: [config, ...layers] }
}

/** Puts blobs and manifests straight into a registry's memory, without a request. */
export function place(registry: TestRegistry, repository: string, manifests: readonly InlineBlob[], blobs: readonly InlineBlob[], tag?: string): void {
  const held = registry.repository(repository)
  for (const blob of blobs) held.blobs.set(blob.descriptor.digest, Buffer.from(blob.bytes))
  for (const { descriptor, bytes } of manifests) held.manifests.set(descriptor.digest, { mediaType: descriptor.mediaType, bytes: Buffer.from(bytes) })
  const last = manifests.at(-1)
  if (tag !== undefined && last !== undefined) held.tags.set(tag, last.descriptor.digest)
}

/** An index over these images under `repository:tag`; `more` are further entries, such as attestations. */
export function publishIndex(registry: TestRegistry, name: string, images: readonly SampleImage[], more: readonly Descriptor[] = [], annotations: Readonly<Record<string, string>> = {}): InlineBlob {
  const made = images.map((image) => ({ ...imageOf(image), platform: platformOf(image.platform) }))
  const index = encodeIndex([...made.map(({ manifest, platform }) => ({ ...manifest.descriptor, platform })), ...more], annotations)
  const [repository = '', tag = ''] = name.split(':')
  place(registry, repository, [...made.map(({ manifest }) => manifest), index], made.flatMap(({ blobs }) => blobs), tag)
  return index
}
