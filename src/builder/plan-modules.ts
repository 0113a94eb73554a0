import { moduleName } from '../buildpacks/module.ts'
import type { Entries, LayerEntry } from '../layers/entries.ts'
import type { Layer } from '../layers/spool.ts'
import type { TarInput } from '../layers/tar.ts'
import type { LayerPlan } from '../publish/layer-plan.ts'
import { whiteoutLayer } from './folders.ts'
import type { BuilderImagePlan, PlacedLayer, PlannedModule } from './model.ts'

/** The layers of a run: what two images have alike is one. */
export class RunLayers {
  readonly #plans = new Map<string, LayerPlan>()

  get plans(): readonly LayerPlan[] {
    return [...this.#plans.values()]
  }

  made(
    target: string,
    key: string,
    module: string,
    input: TarInput,
    from: { readonly root: string; readonly excluded: readonly string[]; readonly outside?: readonly string[] } = {
      root: '',
      excluded: [],
    },
  ): PlacedLayer {
    return this.#add({ kind: 'made', key, module, targets: [target], input, ...from })
  }

  taken(target: string, key: string, module: string, layer: Layer): PlacedLayer {
    return this.#add({ kind: 'taken', key, module, targets: [target], layer })
  }

  #add(plan: LayerPlan): PlacedLayer {
    const known = this.#plans.get(plan.key)
    const targets = [...new Set([...(known?.targets ?? []), ...plan.targets])]
    this.#plans.set(plan.key, { ...(known ?? plan), targets })
    return { key: plan.key, what: plan.module }
  }
}

interface PlacedModules {
  readonly layers: readonly PlacedLayer[]
  readonly modules: BuilderImagePlan['modules']
}

/** Flattened groups first, by their lowest name, then the others by theirs (SPEC-builder.md sections 4 and 8). */
export function placeModules(modules: readonly PlannedModule[], target: string, layers: RunLayers): PlacedModules {
  const groups = [...new Set(modules.flatMap(({ group }) => group ?? []))].map((group) => modules.filter((module) => module.group === group))
  const apart = modules.filter(({ group }) => group === undefined).map((module) => [module])
  const placed = [...groups.sort(byLowestName), ...apart.sort(byLowestName)].map((group) => {
    const [only] = group
    const hidden = group
      .filter(({ onBase }) => onBase === 'other')
      .map(({ facts: { kind, id, version } }) =>
        layers.made(target, `whiteout ${kind} ${id}@${version}`, `removal of ${id}@${version}`, whiteoutLayer(kind, id, version)),
      )
    const own = group.length === 1 && only?.group === undefined && only !== undefined ? placeOne(only, target, layers) : placeGroup(group, target, layers)
    return { layers: [...hidden, own], modules: group.map(({ facts }) => ({ facts, layer: own.key })) }
  })
  return { layers: withoutRepeats(placed.flatMap((each) => each.layers)), modules: placed.flatMap((each) => each.modules) }
}

function byLowestName(a: readonly PlannedModule[], b: readonly PlannedModule[]): number {
  return Buffer.compare(lowestName(a), lowestName(b))
}

function lowestName(group: readonly PlannedModule[]): Buffer {
  return group.map(({ facts }) => Buffer.from(moduleName(facts))).sort((a, b) => Buffer.compare(a, b))[0] ?? Buffer.alloc(0)
}

/** Extensions of one package may share a layer already. */
function withoutRepeats(layers: readonly PlacedLayer[]): readonly PlacedLayer[] {
  return layers.filter(({ key }, at) => layers.findIndex((other) => other.key === key) === at)
}

function placeOne({ facts, content }: PlannedModule, target: string, layers: RunLayers): PlacedLayer {
  const { key, layer, root, excluded, outside = [] } = content
  return layer.kind === 'taken' ? layers.taken(target, key, moduleName(facts), layer.layer) : layers.made(target, key, moduleName(facts), layer.input, { root, excluded, outside })
}

function placeGroup(group: readonly PlannedModule[], target: string, layers: RunLayers): PlacedLayer {
  const inputs = group.flatMap(({ content: { layer } }) => (layer.kind === 'made' ? [layer.input] : []))
  const excluded = group.flatMap(({ content }) => content.excluded)
  return layers.made(
    target,
    `flattened ${group.map(({ content }) => content.key).join(' + ')}`,
    group.map(({ facts }) => moduleName(facts)).join(', '),
    joined(inputs),
    { root: '.', excluded },
  )
}

/** Several modules in one tar: the folder of an id that two of them have is written once. */
function joined(inputs: readonly TarInput[]): TarInput {
  const written = new Set<string>()
  const parts = inputs.flatMap(({ parts: own }) => own).map((part) => {
    const folders = part.folders.filter((folder) => !written.has(folder))
    const before = new Set(written)
    for (const folder of part.folders) written.add(folder)
    // A module out of a package brings the folders above it as entries.
    for (const entry of part.entries) if (isAbove(entry)) written.add(`${part.base}/${entry.name}`)
    return { ...part, folders, entries: before.size === 0 ? part.entries : without(part.entries, (entry) => isAbove(entry) && before.has(`${part.base}/${entry.name}`)) }
  })
  return { parts, windows: false }
}

/** `cnb/buildpacks/acme_hello`, which several modules may lie in. */
function isAbove({ name, type }: LayerEntry): boolean {
  return type === 'folder' && /^cnb\/(?:buildpacks|extensions)\/[^/]+$/.test(name)
}

function without(entries: Entries, isLeftOut: (entry: LayerEntry) => boolean): Entries {
  return {
    *[Symbol.iterator]() {
      for (const entry of entries) if (!isLeftOut(entry)) yield entry
    },
  }
}
