import { displayName } from '../layers/entries.ts'
import type { LayerPlan, MadeLayerPlan } from '../publish/layer-plan.ts'
import { formatTag, targetFile } from '../publish/names.ts'
import { formatTarget } from '../targets/grammar.ts'
import type { PackageOptions, PackagePlan } from './options.ts'
import type { Plan } from './plan.ts'

/** The plan as `--dry-run` shows it: plain data, no file contents. */
export function describePlan(plan: Plan, options: Pick<PackageOptions, 'destination' | 'singleFile'>): PackagePlan {
  const { names } = plan
  const { path } = names
  const files = options.destination === 'file' && options.singleFile !== true && path !== undefined ? plan.images.map((image) => targetFile(path, image.target)) : []
  return {
    schemaVersion: 1,
    dryRun: true,
    name: names.name,
    tags: names.tags.map(formatTag),
    destination: options.destination,
    ...(files.length > 1 ? { files } : names.path === undefined ? {} : { path: names.path }),
    kind: plan.images.length > 1 ? 'index' : 'image',
    images: plan.images.map(({ target, root, platform, tag }) => ({ target: formatTarget(target), root, platform, ...(tag === undefined ? {} : { tag: formatTag(tag) }) })),
    layers: plan.layers.map((layer) => {
      if (layer.kind === 'taken') return { module: layer.module, root: '', targets: layer.targets, files: [], bytes: layer.layer.blob.descriptor.size, excluded: [] }
      const files = layer.input.parts.flatMap((part) => Array.from(part.entries).filter((entry) => entry.type !== 'folder').map((entry) => ({ path: displayName(entry), size: entry.size })))
      const bytes = files.reduce((sum, file) => sum + file.size, 0)
      const outside = besideRoots(layer, plan.layers)
      return { module: layer.module, root: layer.root, targets: layer.targets, files, bytes, excluded: layer.excluded, ...(outside.length === 0 ? {} : { outside }) }
    }),
    warnings: plan.warnings.map((warning) => warning.message),
  }
}

/** What is at the top of a module's folder and below none of its roots. */
function besideRoots({ module, outside = [] }: MadeLayerPlan, layers: readonly LayerPlan[]): readonly string[] {
  const roots = new Set(layers.flatMap((layer) => (layer.kind === 'made' && layer.module === module ? [layer.root.split('/')[0] ?? ''] : [])))
  return roots.has('.') ? [] : outside.filter((name) => !roots.has(name.replace(/\/$/, '')))
}
