import type { LabelledModule } from '../buildpacks/labels.ts'
import { PackagerError } from '../errors.ts'
import type { Layer } from '../layers/spool.ts'
import type { Descriptor, InlineBlob } from '../oci/descriptor.ts'
import { inlineBlob } from '../oci/descriptor.ts'
import { encodeManifest, sortKeys } from '../oci/manifest.ts'
import type { MediaTypes } from '../oci/media-types.ts'
import { dockerLayer, dockerLayerGzip, dockerTypes, ociLayer, ociLayerGzip, ociTypes } from '../oci/media-types.ts'
import type { FilledLayer, MadeImage } from '../publish/image.ts'
import type { ScopedAnnotations } from '../publish/metadata.ts'
import type { PlatformImage } from './base.ts'
import { builderLabels } from './labels.ts'
import type { BuilderImagePlan } from './model.ts'

/** What all images of a builder have in common. */
export interface BuilderDetails {
  readonly created: string
  readonly annotations: ScopedAnnotations
  /** Whether all parts are of Docker's types and not of OCI's: as the base's are (SPEC-builder.md section 9). */
  readonly isDocker: boolean
}

/** One builder image whose layers are all made (SPEC-builder.md section 6). */
export function makeImage(plan: BuilderImagePlan, { created, annotations, isDocker }: BuilderDetails, layerOf: ReadonlyMap<string, Layer>): MadeImage {
  const types = isDocker ? dockerTypes : ociTypes
  const made = (key: string): Layer => {
    const layer = layerOf.get(key)
    if (layer === undefined) throw new PackagerError({ code: 'INTERNAL', step: 'assemble image', value: key, found: 'a layer that was not made' })
    return layer
  }
  const layers = plan.layers.map(({ key, what }): FilledLayer => ({ ...made(key), modules: [what] }))
  const added = plan.modules.map(({ facts, layer }): LabelledModule => ({ facts, diffID: made(layer).diffID }))
  const modules = [...plan.baseModules, ...added]
  const ofKind = (kind: LabelledModule['facts']['kind']): readonly LabelledModule[] => modules.filter(({ facts }) => facts.kind === kind)
  const labels = { ...plan.labels, ...builderLabels({ ...plan.facts, buildpackLayers: ofKind('buildpack'), extensionLayers: ofKind('extension') }) }
  const config = encodeConfig(plan, { created, labels, mediaType: types.config }, layers)
  const manifest = encodeManifest(config.descriptor, layers.map(({ blob }) => typed(blob.descriptor, types)), annotations.manifest, types.manifest)
  const { target, tag, image: { platform } } = plan
  return { target, platform, ...(tag === undefined ? {} : { tag }), layers, config, manifest, child: { ...manifest.descriptor, platform, annotations: annotations.descriptor } }
}

/** The same bytes by their name in the image's family; what has none there stays as it is. */
function typed({ mediaType, size, digest }: Descriptor, types: MediaTypes): Descriptor {
  const isGzip = mediaType === ociLayerGzip || mediaType === dockerLayerGzip
  const isPlain = mediaType === ociLayer || mediaType === dockerLayer
  return { mediaType: isGzip ? types.layerGzip : isPlain ? types.layer : mediaType, size, digest }
}

interface ConfigDetails {
  readonly created: string
  readonly labels: Readonly<Record<string, string>>
  readonly mediaType: string
}

/** The base's config with all that it says, but for what a builder changes. */
function encodeConfig({ image, layers: placed }: BuilderImagePlan, { created, labels, mediaType }: ConfigDetails, layers: readonly Layer[]): InlineBlob {
  const inner = image.config['config']
  const own = placed.slice(image.layers.length).map(({ what }) => ({ created, created_by: `bp-package builder create: ${what}` }))
  const value = {
    ...image.config,
    created,
    config: {
      ...(typeof inner === 'object' && inner !== null ? inner : {}),
      WorkingDir: '/layers',
      Labels: sortKeys(labels),
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffID }) => diffID) },
    history: [...baseHistory(image, created), ...own],
  }
  return inlineBlob(mediaType, Buffer.from(JSON.stringify(value)))
}

/** One entry for each layer: the base's texts where there are as many, with a time that does not depend on when it was made. */
function baseHistory({ history, layers }: PlatformImage, created: string): readonly Record<string, unknown>[] {
  return layers.map((_, at) => ({ ...(history.length === layers.length ? history[at] : {}), created }))
}
