import type { LabelledModule } from '../buildpacks/labels.ts'
import { packageLabels } from '../buildpacks/labels.ts'
import type { ModuleConfig } from '../config/buildpack.ts'
import type { Layer } from '../layers/spool.ts'
import type { Descriptor, InlineBlob } from '../oci/descriptor.ts'
import { encodeImageConfig } from '../oci/image-config.ts'
import { encodeIndex, encodeManifest } from '../oci/manifest.ts'
import type { Platform } from '../oci/platform.ts'
import type { ScopedAnnotations } from './metadata.ts'
import type { ImagePlan } from './plan.ts'

/** What all images of a package have in common. */
export interface ImageDetails {
  readonly main: ModuleConfig
  readonly created: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: ScopedAnnotations
}

/** An image whose layers are finished: its config and its manifest as bytes. */
export interface AssembledImage {
  readonly config: InlineBlob
  readonly manifest: InlineBlob
  /** As the index names it. */
  readonly child: Descriptor
}

/** A finished image, what it was planned as, and the layers in it. */
export interface MadeImage {
  readonly plan: ImagePlan
  readonly assembled: AssembledImage
  readonly layers: readonly Layer[]
}

/** One image of a package (SPEC-package.md sections 5 and 6). `modules` tell which layer holds what. */
export function assembleImage(details: ImageDetails, platform: Platform, layers: readonly Layer[], modules: readonly LabelledModule[]): AssembledImage {
  const { main, created, labels, annotations } = details
  const config = encodeImageConfig({
    platform,
    created,
    labels: { ...labels, ...packageLabels(main, modules) },
    diffIDs: layers.map((layer) => layer.diffID),
  })
  const descriptors = layers.map((layer) => layer.blob.descriptor)
  const manifest = encodeManifest(config.descriptor, descriptors, annotations.manifest)
  return { config, manifest, child: { ...manifest.descriptor, platform, annotations: annotations.descriptor } }
}

/** The index over a package's images, in the order of the targets (SPEC-package.md section 8). */
export function assembleIndex(images: readonly AssembledImage[], annotations: ScopedAnnotations): InlineBlob {
  return encodeIndex(
    images.map((image) => image.child),
    annotations.index,
  )
}
