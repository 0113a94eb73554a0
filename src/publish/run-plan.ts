import type { Warning } from '../events.ts'
import { displayName } from '../layers/entries.ts'
import type { Platform } from '../oci/platform.ts'
import { formatTarget } from '../targets/grammar.ts'
import type { Target } from '../targets/target.ts'
import type { LayerPlan, MadeLayerPlan } from './layer-plan.ts'
import type { Names } from './names.ts'
import { targetFile } from './names.ts'
import type { TagPlace } from './tags.ts'
import { formatTag } from './tags.ts'
import type { Destination, RunOptions } from './options.ts'

/** One file that will be in a layer, or is left out of it. */
export interface PlannedFile {
  readonly path: string
  readonly size: number
}

export interface PlannedLayer {
  readonly module: string
  /** The platform root, relative to the buildpack folder; `.` is the folder itself, '' for what comes from no folder. */
  readonly root: string
  readonly targets: readonly string[]
  readonly files: readonly PlannedFile[]
  /** Of a layer that is taken from another image as it is: then no files are known, and `bytes` are the compressed ones. */
  readonly digest?: string
  /** Bytes of all files before compression. */
  readonly bytes: number
  readonly excluded: readonly string[]
  /** What lies beside the platform folders and is in no layer of the module; absent where nothing does. */
  readonly outside?: readonly string[]
}

export interface PlannedImage {
  readonly target: string
  /** Of the main module's folder. */
  readonly root?: string
  /** The image that it is made of. */
  readonly base?: string
  readonly platform: Platform
  readonly tag?: string
}

/** What `--dry-run` shows: the whole plan, plain data (SPEC.md). */
export interface RunPlan {
  readonly schemaVersion: 1
  readonly dryRun: true
  readonly name: string
  readonly tags: readonly string[]
  readonly destination: Destination
  readonly path?: string
  /** A file for each image, in their order. */
  readonly files?: readonly string[]
  readonly kind: 'index' | 'image'
  readonly images: readonly PlannedImage[]
  readonly layers: readonly PlannedLayer[]
  readonly warnings: readonly string[]
}

/** A plan of any run, as far as it is shown. */
export interface PlannedRun {
  readonly names: Names
  readonly images: readonly { readonly target: Target; readonly root?: string; readonly base?: string; readonly platform: Platform; readonly tag?: TagPlace }[]
  readonly layers: readonly LayerPlan[]
  readonly warnings: readonly Warning[]
}

/** The plan as `--dry-run` shows it: plain data, no file contents. */
export function describePlan(plan: PlannedRun, options: Pick<RunOptions, 'destination' | 'singleFile'>): RunPlan {
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
    images: plan.images.map(({ target, root, base, platform, tag }) => ({
      target: formatTarget(target),
      ...(root === undefined ? {} : { root }),
      ...(base === undefined ? {} : { base }),
      platform,
      ...(tag === undefined ? {} : { tag: formatTag(tag) }),
    })),
    layers: plan.layers.map((layer) => {
      if (layer.kind === 'taken') {
        return {
          module: layer.module,
          root: '',
          targets: layer.targets,
          files: [],
          digest: layer.layer.blob.descriptor.digest,
          bytes: layer.layer.blob.descriptor.size,
          excluded: [],
        }
      }
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
