import type { Descriptor, InlineBlob } from './descriptor.ts'
import { inlineBlob } from './descriptor.ts'
import { ociIndex, ociManifest } from './media-types.ts'
import type { Platform } from './platform.ts'

/** An image: one config, its layers in order (image-spec, manifest.md). */
export interface ImageManifest {
  readonly schemaVersion: 2
  readonly mediaType: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  readonly annotations?: Readonly<Record<string, string>>
}

/** Several images under one name, one for each platform (image-spec, image-index.md). */
export interface ImageIndex {
  readonly schemaVersion: 2
  readonly mediaType: string
  readonly manifests: readonly Descriptor[]
  readonly annotations?: Readonly<Record<string, string>>
}

/** What registries commonly limit manifests to in bytes (distribution-spec, "Pushing Manifests"); nobody's index comes near. */
export const largestManifest = 4 * 1024 * 1024

export type Annotations = Readonly<Record<string, string>>

/**
 * The bytes of an image manifest: compact JSON in a fixed key order, so that equal content has an equal digest.
 *
 * @param mediaType `ociManifest` unless told; else `dockerManifest`, which knows no annotations
 */
export function encodeManifest(config: Descriptor, layers: readonly Descriptor[], annotations: Annotations = {}, mediaType: string = ociManifest): InlineBlob {
  return encode(mediaType, { config: orderedDescriptor(config), layers: layers.map(orderedDescriptor) }, annotations)
}

/** What an index can be beside an OCI one with nothing but images and annotations. */
export interface IndexForm {
  /** `ociIndex` unless told; else `dockerIndex`. */
  readonly mediaType?: string
  /** What somebody else's index has beside the known keys: it is kept behind them. */
  readonly rest?: Readonly<Record<string, unknown>>
}

/**
 * The bytes of an image index (SPEC-package.md section 8; key order: SPEC-manifest.md, "Bytes of a list").
 *
 * @example
 * encodeIndex([{ mediaType: ociManifest, size: 2, digest, platform: { architecture: 'amd64', os: 'linux' } }])
 * // {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":...,"size":2,
 * //  "digest":"sha256:...","platform":{"architecture":"amd64","os":"linux"}}]}
 */
export function encodeIndex(manifests: readonly Descriptor[], annotations: Annotations = {}, form: IndexForm = {}): InlineBlob {
  return encode(form.mediaType ?? ociIndex, { manifests: manifests.map(orderedDescriptor) }, annotations, form.rest)
}

function encode(mediaType: string, content: Record<string, unknown>, annotations: Annotations, rest: Readonly<Record<string, unknown>> = {}): InlineBlob {
  const value = { schemaVersion: 2, mediaType, ...content, ...(present(annotations) ? { annotations: sortKeys(annotations) } : {}), ...rest }
  return inlineBlob(mediaType, Buffer.from(JSON.stringify(value)))
}

/** Keys in one order, empty ones left out; what somebody else's descriptor has beside them is kept behind. */
function orderedDescriptor(descriptor: Descriptor): Descriptor {
  const { mediaType, size, digest, platform, artifactType, annotations, ...rest } = descriptor
  return {
    mediaType,
    size,
    digest,
    ...orderedPlatform(platform),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations !== undefined && present(annotations) ? { annotations: sortKeys(annotations) } : {}),
    ...rest,
  }
}

/** Absent words are left out, and a platform without any word is none. */
function orderedPlatform(platform: Platform | undefined): { platform?: Platform } {
  if (platform === undefined) return {}
  const { architecture, os, 'os.version': version, 'os.features': osFeatures, variant, features, ...rest } = platform
  const words = {
    ...(architecture ? { architecture } : {}),
    ...(os ? { os } : {}),
    ...(version ? { 'os.version': version } : {}),
    ...(osFeatures?.length ? { 'os.features': osFeatures } : {}),
    ...(variant ? { variant } : {}),
    ...(features?.length ? { features } : {}),
    ...rest,
  }
  // A local list may hold an image whose config does not say what it runs on; its words here are empty, in the bytes absent.
  return Object.keys(words).length === 0 ? {} : { platform: words as Platform }
}

function present(annotations: Annotations): boolean {
  return Object.keys(annotations).length > 0
}

/** Keys in the order of their bytes, as every JSON of ours has those of annotations and labels. */
export function sortKeys(annotations: Annotations): Annotations {
  return Object.fromEntries(Object.entries(annotations).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
}
