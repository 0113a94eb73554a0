import type { ModuleConfig } from '../config/buildpack.ts'
import type { Warning } from '../events.ts'
import type { LayerEntry } from '../layers/entries.ts'
import type { TarInput } from '../layers/tar.ts'
import { moduleLayer } from '../buildpacks/layer.ts'
import type { Platform } from '../oci/platform.ts'
import { platformOf, targetSuffix } from '../targets/platform.ts'
import { platformRoot } from '../targets/root.ts'
import type { Target } from '../targets/target.ts'
import { formatTarget } from '../targets/grammar.ts'
import type { Names, TagPlace } from './names.ts'
import { formatTag } from './names.ts'
import type { PackageOptions, PackagePlan } from './options.ts'

/** One image to make: its target, the folder it is made from, and the layer it holds. */
export interface ImagePlan {
  readonly target: Target
  readonly platform: Platform
  /** Relative to the buildpack folder; `.` is the folder itself. */
  readonly root: string
  readonly lookedAt: readonly string[]
  /** Names a layer of the plan. */
  readonly layer: string
  /** `--append-image-name-suffix`. */
  readonly tag?: TagPlace
}

/** One distinct layer, whatever number of images hold it. */
export interface LayerPlan {
  readonly key: string
  readonly module: string
  readonly root: string
  readonly targets: readonly string[]
  readonly input: TarInput
  readonly excluded: readonly string[]
  readonly warnings: readonly Warning[]
}

export interface Plan {
  readonly names: Names
  readonly images: readonly ImagePlan[]
  readonly layers: readonly LayerPlan[]
  readonly warnings: readonly Warning[]
}

/** What a platform root holds, as listed. */
export interface Listing {
  readonly entries: readonly LayerEntry[]
  readonly excluded: readonly string[]
}

/** One image for each target, in the order of the targets (SPEC-package.md sections 2 and 3). */
export function planImages(targets: readonly Target[], isComposite: boolean, isFolder: (path: string) => boolean, suffixOf: TagPlace | undefined): ImagePlan[] {
  return targets.map((target) => {
    const { root, lookedAt } = platformRoot(target, isFolder, isComposite)
    const tag = suffixOf === undefined || targets.length < 2 ? undefined : { ...suffixOf, tag: suffixedTag(suffixOf.tag, target) }
    const image = { target, platform: platformOf(target), root, lookedAt, layer: layerKey(root, target.os === 'windows') }
    return tag === undefined ? image : { ...image, tag }
  })
}

/** `1.0-linux-arm64`; where the tag is `latest`, `linux-arm64` alone, as pack does. */
function suffixedTag(tag: string, target: Target): string {
  const suffix = targetSuffix(target)
  return tag === 'latest' ? suffix : `${tag}-${suffix}`
}

/** Images from one root share their layer, unless one is for Windows and the other is not. */
function layerKey(root: string, windows: boolean): string {
  return windows ? `${root} (windows)` : root
}

/** The layers that the images need, each once. `list` gives what was found in a root. */
export function planLayers(module: ModuleConfig, images: readonly ImagePlan[], list: (root: string) => Listing): LayerPlan[] {
  const keys = [...new Set(images.map((image) => image.layer))]
  return keys.flatMap((key) => {
    const users = images.filter((image) => image.layer === key)
    const [first] = users
    if (first === undefined) return []
    const { entries, excluded } = list(first.root)
    const warnings = missingPrograms(module, users, entries)
    const targets = users.map((image) => formatTarget(image.target))
    return [{ key, module: `${module.id}@${module.version}`, root: first.root, targets, input: moduleLayer(module, entries, first.target.os === 'windows'), excluded, warnings }]
  })
}

/** A component without its two programs packages, but never runs. Extensions and composites need none. */
function missingPrograms(module: ModuleConfig, users: readonly ImagePlan[], entries: readonly LayerEntry[]): Warning[] {
  if (module.kind === 'extension' || module.order.length > 0) return []
  const names = new Set(entries.map((entry) => entry.name.toString('latin1')))
  return users.flatMap((image) => {
    const endings = image.target.os === 'windows' ? ['', '.bat', '.exe', '.cmd'] : ['']
    const missing = ['bin/build', 'bin/detect'].filter((program) => !endings.some((ending) => names.has(program + ending)))
    if (missing.length === 0) return []
    const target = formatTarget(image.target)
    const looked = image.lookedAt.map((folder) => (folder === '.' ? 'the buildpack folder' : `${folder}/`)).join(', ')
    return [
      {
        message: `${target}: no ${missing.join(' and no ')} in ${image.root === '.' ? 'the buildpack folder' : `${image.root}/`} (looked at ${looked})`,
        hint: `put the programs for this target into ${folderFor(image.target)}/bin, or name their folder with path = "..." in its [[targets]]`,
      },
    ]
  })
}

function folderFor(target: Target): string {
  return [target.os, target.arch, target.variant].filter((part) => part !== undefined && part !== '').join('/')
}

/** The plan as `--dry-run` shows it: plain data, no file contents. */
export function describePlan(plan: Plan, options: Pick<PackageOptions, 'destination'>): PackagePlan {
  const { names } = plan
  return {
    schemaVersion: 1,
    dryRun: true,
    name: names.name,
    tags: names.tags.map(formatTag),
    destination: options.destination,
    ...(names.path === undefined ? {} : { path: names.path }),
    kind: plan.images.length > 1 ? 'index' : 'image',
    images: plan.images.map(({ target, root, platform, tag }) => ({ target: formatTarget(target), root, platform, ...(tag === undefined ? {} : { tag: formatTag(tag) }) })),
    layers: plan.layers.map((layer) => {
      const files = layer.input.parts.flatMap((part) => part.entries.filter((entry) => entry.type !== 'folder').map((entry) => ({ path: entry.name.toString('utf8'), size: entry.size })))
      const bytes = files.reduce((sum, file) => sum + file.size, 0)
      return { module: layer.module, root: layer.root, targets: layer.targets, files, bytes, excluded: layer.excluded }
    }),
    warnings: plan.warnings.map((warning) => warning.message),
  }
}
