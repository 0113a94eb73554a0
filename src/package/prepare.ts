import { ForeignLayers } from '../buildpacks/foreign.ts'
import { listLocal, takeLayer } from '../buildpacks/listing.ts'
import { targetSources } from '../buildpacks/target-sources.ts'
import type { Compression } from '../layers/compression.ts'
import { defaultCompression, parseCompression } from '../layers/compression.ts'
import { resolveTargets } from '../targets/resolve.ts'
import { checkCompositions } from './check.ts'
import type { Composition, Part } from './compose.ts'
import { compose } from './compose.ts'
import type { Gathered } from './gather.ts'
import { gather } from './gather.ts'
import { layerGroups } from './groups.ts'
import { Listings } from './listing.ts'
import type { ScopedAnnotations } from '../publish/metadata.ts'
import { createdTime, parseAnnotations, parseLabels } from '../publish/metadata.ts'
import { planNames } from '../publish/names.ts'
import { ownFiles } from '../publish/own-files.ts'
import { checkLayerCount, distinct, strictError } from '../publish/warnings.ts'
import type { RunContext } from '../publish/resources.ts'
import type { PackageOptions } from './options.ts'
import type { LayerGroup, Plan } from './plan.ts'
import { planImages } from './plan.ts'
import { idleFlatten, oddFileName, packedTwice, withIndexWarning } from './warnings.ts'

/** Everything that can be known, and refused, before the first byte is made or sent. */
export interface Prepared {
  readonly gathered: Gathered
  readonly plan: Plan
  readonly compression: Compression
  readonly created: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: ScopedAnnotations
}

/**
 * Reads the config files and whatever they name, and lists the files of each platform root. Reports the warnings; with
 * `strict` they are an error in place of that.
 *
 * @throws PackagerError `USAGE`, `CONFIG`, and what reading files and registries throws
 */
export async function prepare(options: PackageOptions, context: RunContext): Promise<Prepared> {
  const compression = options.compression === undefined ? defaultCompression : parseCompression(options.compression)
  const created = createdTime(options.env['SOURCE_DATE_EPOCH'])
  const labels = parseLabels(options.labels ?? [])
  const gathered = await gather(options, context)
  const annotations = parseAnnotations(options.annotations ?? [], gathered.project?.annotations)
  const plan = withIndexWarning(await makePlan(options, gathered, context), annotations, options)
  if (options.strict === true && plan.warnings.length > 0) throw strictError(plan.warnings)
  for (const warning of plan.warnings) context.report({ type: 'warning', ...warning })
  return { gathered, plan, compression, created, labels, annotations }
}

const layerAdvice = { hint: '--flatten puts the modules into one layer; --flatten-exclude id@version leaves some apart', beside: ", a builder's own among them" }

async function makePlan(options: PackageOptions, gathered: Gathered, context: RunContext): Promise<Plan> {
  const { main, dependencies, packageConfig, project } = gathered
  const resolved = resolveTargets(targetSources(main.config, packageConfig, options))
  const names = planNames(options, main.config, project)
  const targets = options.destination === 'image' ? [await context.engineTarget(resolved.targets)] : resolved.targets
  const compositions = await Promise.all(targets.map((target) => compose(target, main, dependencies)))
  const stacks = checkCompositions(compositions, main.config, packageConfig)
  const groups = layerGroups(options)
  const own = ownFiles(options, names, targets, context.cacheFolder)
  const listings = await listParts(options, compositions, groups, gathered, own, context)
  const sources = { list: (part: Part) => listings.get(part), take: (part: ImagePart) => takeLayer(part, options.signal) }
  const suffixOf = options.appendImageNameSuffix === true ? names.tags[0] : undefined
  const planned = planImages(compositions, (composition) => stacks.get(composition) ?? [], groups, sources, suffixOf)
  const counts = planned.images.flatMap(({ target, modules }) => checkLayerCount(target, new Set(modules.map(({ layer }) => layer)).size, layerAdvice))
  const warnings = [
    ...gathered.warnings,
    ...oddFileName(options, names),
    ...resolved.warnings,
    ...idleFlatten(options, compositions),
    ...packedTwice(main, dependencies, compositions, sources.list),
    ...compositions.flatMap((composition) => composition.warnings),
    ...counts,
    ...planned.warnings,
  ]
  return { names, images: planned.images, layers: planned.layers, warnings: distinct(warnings) }
}

type ImagePart = Extract<Part, { kind: 'image' }>

/** What each root holds, listed once; of foreign layers only those that are to be flattened. */
async function listParts(
  options: PackageOptions,
  compositions: readonly Composition[],
  groups: (composition: Composition) => readonly LayerGroup[],
  gathered: Gathered,
  own: readonly string[],
  context: RunContext,
): Promise<Listings> {
  const listings = new Listings()
  let foreign: ForeignLayers | undefined
  const patterns = [...(gathered.project?.exclude ?? []), ...(options.exclude ?? [])]
  const rulesFor = (isMain: boolean) => ({
    defaultExcludes: options.defaultExcludes,
    patterns: isMain ? patterns : [],
    ownFiles: own,
    signal: options.signal,
  })
  for (const composition of compositions) {
    const windows = composition.target.os === 'windows'
    for (const group of groups(composition)) {
      for (const part of group) {
        if (listings.has(part) || (part.kind === 'image' && group.length === 1)) continue
        if (part.kind === 'local') listings.set(part, await listLocal(part, rulesFor(part.module === gathered.main)))
        else {
          foreign ??= new ForeignLayers(await context.spool(), options.signal)
          listings.set(part, await foreign.list(part, windows))
        }
      }
    }
  }
  return listings
}
