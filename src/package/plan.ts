import { moduleLayer } from '../buildpacks/layer.ts'
import type { Listing } from '../buildpacks/listing.ts'
import type { ModuleFacts } from '../buildpacks/module.ts'
import { moduleName } from '../buildpacks/module.ts'
import { programWarnings, secretWarnings } from '../buildpacks/programs.ts'
import type { Stack } from '../config/buildpack.ts'
import type { Warning } from '../events.ts'
import type { Layer } from '../layers/spool.ts'
import type { TarInput } from '../layers/tar.ts'
import type { Platform } from '../oci/platform.ts'
import { formatTarget } from '../targets/grammar.ts'
import { platformOf } from '../targets/platform.ts'
import type { Target } from '../targets/target.ts'
import type { Composition, Part } from './compose.ts'
import type { LayerPlan, MadeLayerPlan, TakenLayerPlan } from '../publish/layer-plan.ts'
import type { Names } from '../publish/names.ts'
import type { TagPlace } from '../publish/tags.ts'
import { suffixed } from '../publish/tags.ts'

/** A module of an image, and the layer of the plan that holds it. */
export interface ModulePlan {
  readonly facts: ModuleFacts
  /** A `LayerPlan`'s key. */
  readonly layer: string
}

/** One image to make. */
export interface ImagePlan {
  readonly target: Target
  readonly platform: Platform
  /** Of the main module, relative to its folder; `.` is the folder itself. */
  readonly root: string
  /** Dependencies first, the main module last. */
  readonly modules: readonly ModulePlan[]
  readonly stacks: readonly Stack[]
  /** `--append-image-name-suffix`. */
  readonly tag?: TagPlace
}

export interface Plan {
  readonly names: Names
  readonly images: readonly ImagePlan[]
  readonly layers: readonly LayerPlan[]
  readonly warnings: readonly Warning[]
}

/** Modules that share one layer of an image, in their order. */
export type LayerGroup = readonly Part[]

/** The images and the layers they need, each layer once. */
export interface ImageLayers {
  readonly images: readonly ImagePlan[]
  readonly layers: readonly LayerPlan[]
  readonly warnings: readonly Warning[]
}

/** What planning layers needs to know of the world: what roots hold, and how a foreign layer is read. */
export interface LayerSources {
  readonly list: (part: Part) => Listing
  readonly take: (part: Extract<Part, { kind: 'image' }>) => Layer
}

/**
 * One image for each composition, in their order, and the layers of all of them (SPEC-package.md sections 2, 3 and 7).
 * `stacks` are the package's own, for each target.
 */
export function planImages(
  compositions: readonly Composition[],
  stacks: (composition: Composition) => readonly Stack[],
  groups: (composition: Composition) => readonly LayerGroup[],
  sources: LayerSources,
  suffixOf: TagPlace | undefined,
): ImageLayers {
  const layers = new Map<string, LayerPlan>()
  const warnings: Warning[] = []
  const images = compositions.map((composition) => {
    const { target, parts } = composition
    const windows = target.os === 'windows'
    const modules = groups(composition).flatMap((group) => {
      const key = groupKey(group, windows)
      const known = layers.get(key)
      const use = { module: namesOf(group), target: formatTarget(target) }
      layers.set(key, known === undefined ? { ...planLayer(key, group, windows, sources), targets: [use.target] } : alsoUsed(known, use))
      return group.map(({ facts }) => ({ facts, layer: key }))
    })
    warnings.push(...parts.flatMap((part) => [...missingPrograms(part, target, sources), ...secretsOf(part, sources)]))
    const tag = suffixOf === undefined || compositions.length < 2 ? undefined : suffixed(suffixOf, target)
    const main = parts.at(-1)
    const image = {
      target,
      platform: platformOf(target),
      root: main?.kind === 'local' ? main.root.root : '.',
      modules,
      stacks: stacks(composition),
    }
    return tag === undefined ? image : { ...image, tag }
  })
  return { images, layers: [...layers.values()], warnings }
}

/** Images from one root share its layer, unless one is for Windows and the other is not. */
function groupKey(group: LayerGroup, windows: boolean): string {
  const [only] = group
  if (group.length === 1 && only?.kind === 'image') return only.module.diffID
  const names = group.map((part) => (part.kind === 'image' ? part.module.diffID : `${moduleName(part.facts)} ${part.module.uri} ${part.root.root}`))
  return `${names.join(' + ')}${windows ? ' (windows)' : ''}`
}

function namesOf(group: LayerGroup): string {
  return group.map(({ facts }) => moduleName(facts)).join(', ')
}

/** Another image made of the layer, or another module in it: somebody else may have flattened theirs. */
function alsoUsed(layer: LayerPlan, { module, target }: { readonly module: string; readonly target: string }): LayerPlan {
  const names = layer.module.split(', ').includes(module) || layer.kind === 'made' ? layer.module : `${layer.module}, ${module}`
  return { ...layer, module: names, targets: layer.targets.includes(target) ? layer.targets : [...layer.targets, target] }
}

function planLayer(key: string, group: LayerGroup, windows: boolean, sources: LayerSources): Omit<MadeLayerPlan, 'targets'> | Omit<TakenLayerPlan, 'targets'> {
  const module = namesOf(group)
  const [only] = group
  if (group.length === 1 && only?.kind === 'image') return { kind: 'taken', key, module, layer: sources.take(only) }
  const listings = group.map((part) => ({ part, listing: sources.list(part) }))
  const inputs = listings.map(({ part, listing }) => moduleLayer(part.facts, listing.entries, windows))
  const root = only?.kind === 'local' && group.length === 1 ? only.root.root : '.'
  const outside = root === '.' ? [] : listings.flatMap(({ listing }) => listing.outside ?? [])
  return { kind: 'made', key, module, root, input: joined(inputs, windows), excluded: listings.flatMap(({ listing }) => listing.excluded), outside }
}

/** Several modules in one tar: a folder that two of them have above theirs is written once. */
function joined(inputs: readonly TarInput[], windows: boolean): TarInput {
  const written = new Set<string>()
  const parts = inputs.flatMap((input) => input.parts).map((part) => {
    const folders = part.folders.filter((folder) => !written.has(folder))
    for (const folder of folders) written.add(folder)
    return { ...part, folders }
  })
  return { parts, windows }
}

/** Of what images are made of somebody else has made sure. */
function missingPrograms(part: Part, target: Target, sources: LayerSources): readonly Warning[] {
  return part.kind === 'image' ? [] : programWarnings(part, target, sources.list(part).entries)
}

function secretsOf(part: Part, sources: LayerSources): readonly Warning[] {
  return part.kind === 'image' ? [] : secretWarnings(part.facts, sources.list(part).secrets, '.bpignore or --exclude')
}
