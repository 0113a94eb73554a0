import type { LabelledModule } from '../buildpacks/labels.ts'
import { packageLabels } from '../buildpacks/labels.ts'
import { moduleName } from '../buildpacks/module.ts'
import type { ModuleConfig } from '../config/buildpack.ts'
import { PackagerError } from '../errors.ts'
import type { Layer } from '../layers/spool.ts'
import { encodeImageConfig } from '../oci/image-config.ts'
import { encodeManifest } from '../oci/manifest.ts'
import { formatTarget } from '../targets/grammar.ts'
import type { MadeImage } from '../publish/image.ts'
import type { ScopedAnnotations } from '../publish/metadata.ts'
import type { ImagePlan } from './plan.ts'

/** What all images of a package have in common. */
export interface ImageDetails {
  readonly main: ModuleConfig
  readonly created: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: ScopedAnnotations
}

/**
 * One image of a package whose layers are all made (SPEC-package.md sections 5 to 7). Modules in one layer share it, and
 * the same module from two places counts once where it is the same layer.
 *
 * @throws PackagerError `CONFIG` where two places have different content for one module
 */
export function makeImage(plan: ImagePlan, details: ImageDetails, layerOf: ReadonlyMap<string, Layer>): MadeImage {
  const { main, created, labels, annotations } = details
  const modules: LabelledModule[] = []
  const layers = new Map<string, Layer & { modules: string[] }>()
  for (const { facts, layer: key } of plan.modules) {
    const layer = layerOf.get(key)
    if (layer === undefined) throw new PackagerError({ code: 'INTERNAL', step: 'assemble image', value: key, found: 'a layer that was not made' })
    const twin = modules.find((other) => moduleName(other.facts) === moduleName(facts) && other.facts.kind === facts.kind)
    if (twin !== undefined && twin.diffID !== layer.diffID) throw differentContent(plan, moduleName(facts), twin.diffID, layer.diffID)
    if (twin !== undefined) continue
    modules.push({ facts, diffID: layer.diffID })
    const filled = layers.get(layer.diffID) ?? { ...layer, modules: [] }
    filled.modules.push(moduleName(facts))
    layers.set(layer.diffID, filled)
  }
  const filled = [...layers.values()]
  const config = encodeImageConfig({
    platform: plan.platform,
    created,
    labels: { ...labels, ...packageLabels(main, plan.stacks, modules) },
    diffIDs: filled.map((layer) => layer.diffID),
  })
  const manifest = encodeManifest(config.descriptor, filled.map((layer) => layer.blob.descriptor), annotations.manifest)
  const { target, platform, tag } = plan
  return { target, platform, ...(tag === undefined ? {} : { tag }), layers: filled, config, manifest, child: { ...manifest.descriptor, platform, annotations: annotations.descriptor } }
}

function differentContent(plan: ImagePlan, module: string, first: string, second: string): PackagerError {
  return new PackagerError({
    code: 'CONFIG',
    step: 'assemble image',
    value: formatTarget(plan.target),
    found: `${module} from two dependencies with different content: ${first} and ${second}`,
    wanted: 'one of them',
    hint: 'remove one from [[dependencies]], or give it another version',
  })
}
