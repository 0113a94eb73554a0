import { PackagerError, throwIfCancelled } from '../errors.ts'
import type { Report, Warning } from '../events.ts'
import { bytesEntry } from '../layers/entries.ts'
import { excludesFor } from '../layers/excludes.ts'
import type { Compression } from '../layers/compression.ts'
import { defaultCompression, parseCompression } from '../layers/compression.ts'
import { resolveTargets } from '../targets/resolve.ts'
import type { Gathered } from './gather.ts'
import { gather } from './gather.ts'
import type { ScopedAnnotations } from './metadata.ts'
import { createdTime, parseAnnotations, parseLabels } from './metadata.ts'
import { planNames } from './names.ts'
import type { PackageOptions } from './options.ts'
import type { ImagePlan, Listing, Plan } from './plan.ts'
import { planImages, planLayers } from './plan.ts'

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
 * Reads the config files and lists the files of each platform root. Reports the warnings; with `strict` they are an error.
 *
 * @param spool makes the run's temporary folder, asked only where the source is an archive
 * @throws PackagerError `USAGE`, `CONFIG`, and what reading files throws
 */
export async function prepare(options: PackageOptions, report: Report, spool: () => Promise<string>): Promise<Prepared> {
  refuseLater(options)
  const compression = options.compression === undefined ? defaultCompression : parseCompression(options.compression)
  const created = createdTime(options.env['SOURCE_DATE_EPOCH'])
  const labels = parseLabels(options.labels ?? [])
  checkFlattenExcludes(options.flattenExclude ?? [])
  const gathered = await gather(options, spool)
  const annotations = parseAnnotations(options.annotations ?? [], gathered.project?.annotations)
  const plan = await makePlan(options, gathered)
  for (const warning of plan.warnings) report({ type: 'warning', ...warning })
  if (options.strict === true && plan.warnings.length > 0) throw strictError(plan.warnings)
  return { gathered, plan, compression, created, labels, annotations }
}

async function makePlan(options: PackageOptions, gathered: Gathered): Promise<Plan> {
  const { module, packageConfig, project, source } = gathered
  const resolved = resolveTargets({
    flags: options.targets ?? [],
    moduleTargets: module.targets,
    moduleFile: module.file,
    packageTargets: packageConfig?.targets ?? [],
    packageFile: packageConfig?.file ?? 'package.toml',
    isComposite: false,
    platformOs: packageConfig?.platformOs,
    hostArch: options.hostArch,
  })
  const names = planNames(options, module, project)
  const suffixOf = options.appendImageNameSuffix === true ? names.tags[0] : undefined
  const images = planImages(resolved.targets, false, (path) => source.isFolder(path), suffixOf)
  const listings = await listRoots(options, gathered, images)
  const layers = planLayers(module, images, (root) => listings.get(root) ?? { entries: [], excluded: [] })
  const warnings = [...gathered.warnings, ...resolved.warnings, ...layers.flatMap((layer) => layer.warnings)]
  return { names, images, layers, warnings }
}

/** Each distinct platform root is listed once. The module's own toml stands in every root, in the place of one that lies there. */
async function listRoots(options: PackageOptions, gathered: Gathered, images: readonly ImagePlan[]): Promise<ReadonlyMap<string, Listing>> {
  const { source, tomlName, toml, project, ignoreFile } = gathered
  const rules = {
    defaults: options.defaultExcludes !== false,
    ignoreFile,
    patterns: [...(project?.exclude ?? []), ...(options.exclude ?? [])],
    keep: [tomlName],
    isLayoutFolder: (path: string) => source.isLayoutFolder(path),
  }
  const listings = new Map<string, Listing>()
  for (const root of new Set(images.map((image) => image.root))) {
    throwIfCancelled(options.signal, 'list files')
    const overlay = root === '.' ? [] : [bytesEntry(tomlName, toml)]
    listings.set(root, await source.list(root, excludesFor(rules, root), overlay, options.signal))
  }
  return listings
}

/** What the command line already knows by name but this version does not do: said at once, not half done. */
function refuseLater(options: PackageOptions): void {
  if (options.destination === 'registry' || options.destination === 'layout') return
  throw new PackagerError({
    code: 'UNSUPPORTED',
    step: 'choose destination',
    value: options.destination,
    found: 'a format that this version does not write yet',
    wanted: 'layout, or --publish to a registry',
  })
}

/** Checked even though a component has nothing to flatten, as pack checks it. */
function checkFlattenExcludes(values: readonly string[]): void {
  for (const value of values) {
    if (/^[^@\s]+@[^@\s]+$/.test(value)) continue
    throw new PackagerError({ code: 'USAGE', step: 'read --flatten-exclude', found: `"${value}"`, wanted: 'id@version' })
  }
}

function strictError(warnings: readonly Warning[]): PackagerError {
  const count = warnings.length === 1 ? 'a warning' : `${warnings.length} warnings`
  return new PackagerError({
    code: 'CONFIG',
    step: 'plan with --strict',
    found: `${count}: ${warnings.map((warning) => warning.message).join('; ')}`,
    hint: 'mend what the warnings name, or leave --strict out',
  })
}
