import type { LabelledModule } from '../buildpacks/labels.ts'
import type { ModuleFacts } from '../buildpacks/module.ts'
import { moduleName } from '../buildpacks/module.ts'
import type { ModuleInfo } from '../config/fields.ts'
import { digestOf } from '../oci/digest.ts'
import { suffixed } from '../publish/tags.ts'
import { formatTarget } from '../targets/grammar.ts'
import type { BaseFacts } from './base-facts.ts'
import { emptyLayer, environmentLayer, fileLayer, foldersLayer } from './folders.ts'
import type { BuilderImagePlan, BuilderPlan, PlacedLayer, PlannedModule, SharedDraft, TargetDraft } from './model.ts'
import { RunLayers, placeModules } from './plan-modules.ts'
import { orderToml, runToml, stackToml, systemToml } from './toml-files.ts'

/** One image for each draft, and the layers of all of them (SPEC-builder.md section 4). */
export function planImages(drafts: readonly TargetDraft[], shared: SharedDraft): Pick<BuilderPlan, 'images' | 'layers'> {
  const layers = new RunLayers()
  const images = drafts.map((draft) => planImage(draft, shared, layers, drafts.length > 1))
  return { images, layers: layers.plans }
}

function planImage(draft: TargetDraft, shared: SharedDraft, layers: RunLayers, isOneOfSeveral: boolean): BuilderImagePlan {
  const { target, image, labels, base, lifecycle } = draft
  const name = formatTarget(target)
  const { buildConfig, suffixOf } = shared
  const facts = factsOf(draft, shared)
  const all = lastOfEach(draft.modules)
  const added = all.filter(({ onBase }) => onBase !== 'same')
  const below = [
    ...image.layers.map(({ descriptor, diffID }, at) =>
      layers.taken(
        name,
        `base ${descriptor.digest} ${diffID}`,
        `base ${at + 1}/${image.layers.length} of ${image.shown}`,
        image.takeLayer(descriptor, diffID),
      ),
    ),
    layers.made(name, `folders ${base.owner.uid}:${base.owner.gid} ${buildConfig}`, 'folders', foldersLayer(base.owner, buildConfig)),
    layers.made(name, lifecycle.key, `lifecycle ${lifecycle.facts.version}`, lifecycle.layer),
  ]
  const placed = (['buildpack', 'extension'] as const).map((kind) => placeModules(added.filter((module) => module.facts.kind === kind), name, layers))
  const stacked = [...below, ...placed.flatMap((each) => each.layers), ...ownFiles(draft, shared, facts, layers)]
  const tag = suffixOf === undefined || !isOneOfSeveral ? {} : { tag: suffixed(suffixOf, target) }
  return { target, image, ...tag, labels, layers: stacked, modules: placed.flatMap((each) => each.modules), baseModules: [...base.modules, ...kept(all, base)], facts }
}

/** The layers above the modules: what lifecycle and platforms read. */
function ownFiles({ target, orders }: TargetDraft, { config, environment, buildConfig }: SharedDraft, facts: BuilderImagePlan['facts'], layers: RunLayers): readonly PlacedLayer[] {
  const name = formatTarget(target)
  const text = (path: string, content: string): PlacedLayer => layers.made(name, `${path} ${digestOf(Buffer.from(content))}`, path, fileLayer(path, content))
  const system = systemToml(orders.system)
  return [
    text('/cnb/order.toml', orderToml(orders.order, orders.orderExtensions)),
    ...(system === undefined ? [] : [text('/cnb/system.toml', system)]),
    text('/cnb/stack.toml', stackToml(facts.stackRunImage ?? config.runImages[0] ?? { image: '' })),
    text('/cnb/run.toml', runToml(config.runImages)),
    ...(environment.length === 0
      ? []
      : [
          layers.made(
            name,
            `environment ${digestOf(Buffer.from(JSON.stringify([buildConfig, environment])))}`,
            'build environment',
            environmentLayer(environment, buildConfig),
          ),
        ]),
    layers.made(name, 'empty layer', 'empty layer', emptyLayer),
  ]
}

/** Modules whose layer the base has, as they describe themselves now. */
function kept(modules: readonly PlannedModule[], base: BaseFacts): readonly LabelledModule[] {
  return modules.flatMap(({ facts, onBase }) => {
    const there = onBase === 'same' ? base.modules.find((module) => module.facts.kind === facts.kind && moduleName(module.facts) === moduleName(facts)) : undefined
    return there === undefined ? [] : [{ facts, diffID: there.diffID }]
  })
}

/** `stack.runImage` is written with `stack.id` alone; a base that is a builder keeps its own. */
function factsOf({ base, lifecycle, modules }: TargetDraft, { config, createdBy }: SharedDraft): BuilderImagePlan['facts'] {
  const infos = (kind: ModuleFacts['kind']): readonly ModuleInfo[] => modules.filter(({ facts }) => facts.kind === kind).map(({ info }) => info)
  return {
    description: config.description,
    buildpacks: [...base.buildpacks, ...infos('buildpack')],
    extensions: [...base.extensions, ...infos('extension')],
    stackRunImage: base.stackRunImage ?? (config.stackId === undefined ? undefined : config.runImages[0]),
    runImages: config.runImages,
    lifecycle: lifecycle.facts,
    createdBy,
    order: config.order,
    orderExtensions: config.orderExtensions,
    system: config.system,
    mixins: base.mixins,
  }
}

/** Of modules of the same id and version the last one listed counts. */
function lastOfEach(modules: readonly PlannedModule[]): readonly PlannedModule[] {
  return [...new Map(modules.map((module) => [`${module.facts.kind} ${moduleName(module.facts)}`, module])).values()]
}
