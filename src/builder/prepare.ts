import type { BuilderConfig } from '../config/builder.ts'
import type { Problem } from '../errors.ts'
import { PackagerError, configError, locatedError } from '../errors.ts'
import type { Warning } from '../events.ts'
import type { Compression } from '../layers/compression.ts'
import { defaultCompression, parseCompression } from '../layers/compression.ts'
import { limitsOf } from '../layers/unpack-limits.ts'
import type { ScopedAnnotations } from '../publish/metadata.ts'
import { createdTime, parseAnnotations } from '../publish/metadata.ts'
import type { Names } from '../publish/names.ts'
import { planNames } from '../publish/names.ts'
import { ownFiles } from '../publish/own-files.ts'
import type { RunContext } from '../publish/resources.ts'
import { checkLayerCount, distinct, strictError } from '../publish/warnings.ts'
import type { Target } from '../targets/target.ts'
import type { PlatformImage } from './base.ts'
import { NamedImages } from './base.ts'
import { checkBases } from './base-checks.ts'
import { environmentFiles } from './build-env.ts'
import { ModuleContents } from './content.ts'
import type { DraftSources } from './draft.ts'
import { makeDraft } from './draft.ts'
import { builderLabelsOf, idleLabels } from './flags.ts'
import { flattenGroups } from './flatten.ts'
import { buildConfigPath } from './folders.ts'
import type { GatheredBuilder } from './gather.ts'
import { gatherBuilder } from './gather.ts'
import type { Lifecycle } from './lifecycle.ts'
import { Lifecycles } from './lifecycle.ts'
import type { BuilderOptions } from './options.ts'
import type { BuilderPlan, SharedDraft } from './model.ts'
import { planImages } from './plan.ts'
import type { RunImageFindings } from './run-images.ts'
import { checkRunImages } from './run-images.ts'
import { settled } from './settle.ts'
import { builderTargets } from './targets.ts'

/** Everything that can be known, and refused, before the first byte is made or sent. */
export interface PreparedBuilder {
  readonly plan: BuilderPlan
  readonly compression: Compression
  readonly created: string
  readonly annotations: ScopedAnnotations
  /** Whether all that is made is of Docker's media types, as the bases of all targets are. */
  readonly isDocker: boolean
}

/**
 * Reads builder.toml and whatever it names, and checks all of it for every target (SPEC-builder.md section 3). Reports the
 * warnings; with `strict` they are an error in place of that.
 *
 * @throws PackagerError `USAGE`, `CONFIG` with every problem of a kind, and what reading files and registries throws
 */
export async function prepareBuilder(options: BuilderOptions, context: RunContext, createdBy: SharedDraft['createdBy']): Promise<PreparedBuilder> {
  const { env, compression } = options
  const annotations = parseAnnotations(options.annotations ?? [])
  const gathered = await gatherBuilder(options, context)
  const { targets, warnings } = await chooseTargets(options, gathered.config, context)
  const names = planNames(options, named(options.name ?? ''), undefined)
  const found = await findImages(options, gathered, targets, context)
  const isDocker = found.images.every((image) => image.isDocker)
  checkAnnotations(annotations, isDocker)
  const drafted = await draftAll(options, gathered, targets, found, names, context)
  const shared = {
    config: gathered.config,
    environment: environmentFiles(gathered.config.buildEnv),
    buildConfig: buildConfigPath(env),
    createdBy,
    suffixOf: options.appendImageNameSuffix === true ? names.tags[0] : undefined,
  }
  const planned = planImages(drafted.drafts, shared)
  const counts = planned.images.flatMap(({ target, layers }) => checkLayerCount(target, layers.length, { hint: '--flatten id@version,id@version puts modules into one layer' }))
  const all = distinct([...gathered.warnings, ...warnings, ...found.run.warnings, ...drafted.warnings, ...counts, ...idleSuffix(options, targets)])
  if (options.strict === true && all.length > 0) throw strictError(all)
  for (const warning of all) context.report({ type: 'warning', ...warning })
  return {
    plan: { names, ...planned, warnings: all },
    compression: compression === undefined ? defaultCompression : parseCompression(compression),
    created: createdTime(env['SOURCE_DATE_EPOCH']),
    annotations,
    isDocker,
  }
}

async function chooseTargets(options: BuilderOptions, config: BuilderConfig, context: RunContext): Promise<ReturnType<typeof builderTargets>> {
  const { targets, warnings } = builderTargets(options, config)
  return options.destination === 'image' ? { targets: [await context.engineTarget(targets)], warnings } : { targets, warnings }
}

/** What a layout or a file is called where NAME does not say. */
function named(name: string): { readonly id: string; readonly version: string } {
  const last = name.split('/').findLast((part) => part !== '') ?? ''
  return { id: last.replace(/[:@].*$/, '').replace(/\.(?:oci|cnb)$/, '') || 'builder', version: /:([\w][\w.-]*)$/.exec(last)?.[1] ?? 'latest' }
}

interface FoundImages {
  readonly images: readonly PlatformImage[]
  readonly lifecycles: readonly Lifecycle[]
  readonly run: RunImageFindings
}

/** What is fetched for all targets at once. Of several failures the one that comes first in the contract is told. */
async function findImages(options: BuilderOptions, { config, folder }: GatheredBuilder, targets: readonly Target[], context: RunContext): Promise<FoundImages> {
  const { openRepository, spool, download } = context
  const { signal, lifecycleTemplate: template } = options
  const images = new NamedImages({ openRepository, signal })
  const limits = limitsOf(options.archiveLimit)
  const lifecycles = new Lifecycles(
    { ...config.lifecycle, folder, ...(template === undefined ? {} : { template }) },
    { openRepository, spool, download, limits, signal, anyMachine: options.lifecycleAnyArch === true },
  )
  const [run, bases, opened] = await Promise.allSettled([
    options.skipRunImageCheck === true ? { problems: [], warnings: [] } : checkRunImages(config, targets, images),
    settled(targets.map((target) => findBase(images, config, target))),
    settled(targets.map((target) => lifecycles.open(target))),
  ])
  return { run: valueOf(run), images: valueOf(bases), lifecycles: valueOf(opened) }
}

/** What is wrong with it is shown where builder.toml names it. */
async function findBase(images: NamedImages, { buildImage, buildImageAt, file }: BuilderConfig, target: Target): Promise<PlatformImage> {
  return images.find(buildImage, target).catch((cause: unknown) => {
    if (!(cause instanceof PackagerError) || cause.code === 'CANCELLED') throw cause
    throw locatedError(cause, { step: 'fetch build image', value: buildImage, at: { file, ...buildImageAt, key: 'build.image' } })
  })
}

function valueOf<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'rejected') throw settled.reason
  return settled.value
}

/** Docker's manifests know none. */
function checkAnnotations({ index, manifest, descriptor }: ScopedAnnotations, isDocker: boolean): void {
  const names = [index, manifest, descriptor].flatMap((each) => Object.keys(each))
  if (!isDocker || names.length === 0) return
  throw new PackagerError({
    code: 'CONFIG',
    step: 'annotate',
    found: `${names.join(', ')} for images of Docker's media types, as the build image's are`,
    wanted: 'a build image of OCI types, or labels: Docker images have no annotations',
  })
}

async function draftAll(
  options: BuilderOptions,
  gathered: GatheredBuilder,
  targets: readonly Target[],
  { images, lifecycles, run }: FoundImages,
  names: Names,
  context: RunContext,
): Promise<{ readonly drafts: BuilderDrafts; readonly warnings: readonly Warning[] }> {
  const labels = builderLabelsOf(options.labels ?? [])
  const rules = {
    defaultExcludes: options.defaultExcludes,
    patterns: [],
    ownFiles: ownFiles(options, names, targets, context.cacheFolder),
    signal: options.signal,
  }
  const sources: DraftSources = {
    gathered,
    labels,
    groups: flattenGroups(options.flatten ?? []),
    contents: new ModuleContents(rules, context),
  }
  const drafted = []
  for (const [at, target] of targets.entries()) {
    const [image, lifecycle] = [images[at], lifecycles[at]]
    if (image !== undefined && lifecycle !== undefined) drafted.push(await makeDraft(target, image, lifecycle, sources))
  }
  const bases = checkBases(targets, images, gathered.config)
  const problems = withoutRepeats([...bases.problems, ...run.problems, ...drafted.flatMap((one) => one.problems)])
  if (problems.length > 0) throw configError('check the builder', problems)
  return {
    drafts: drafted.map(({ draft }) => draft),
    warnings: [...idleLabels(labels), ...bases.warnings, ...drafted.flatMap((one) => one.warnings)],
  }
}

type BuilderDrafts = readonly Awaited<ReturnType<typeof makeDraft>>['draft'][]

/** What is wrong for several targets in the same words is said once. */
function withoutRepeats(problems: readonly Problem[]): readonly Problem[] {
  return problems.filter(({ key, message }, at) => problems.findIndex((other) => other.key === key && other.message === message) === at)
}

function idleSuffix({ appendImageNameSuffix, destination }: BuilderOptions, targets: readonly Target[]): readonly Warning[] {
  if (appendImageNameSuffix !== true || (destination === 'registry' && targets.length > 1)) return []
  return [{ message: '--append-image-name-suffix has no effect: it tags the images of several targets that are published', hint: 'leave it out' }]
}
